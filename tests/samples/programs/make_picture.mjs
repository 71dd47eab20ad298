// Asks for a picture and saves it as picture.
import { writeFileSync } from 'node:fs';

import { apiCall } from './utils/api.mjs';
import { CONFIG } from './utils/config.mjs';

const response = await apiCall(
  `${CONFIG.BASE_API_URL}/image/generate`,
  {
    model: 'fluently-xl',
    prompt: 'A street at night in the rain',
    width: 256,
    height: 256,
    steps: 30,
  },
  CONFIG,
);

const imageBase64 = response.images[0];
writeFileSync('picture', Buffer.from(imageBase64, 'base64'));
