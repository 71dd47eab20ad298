// Asks a question and prints the reply.
import { apiCall } from './utils/api.mjs';
import { CONFIG } from './utils/config.mjs';

const response = await apiCall(
  `${CONFIG.BASE_API_URL}/chat/completions`,
  {
    model: 'mistral-31-24b',
    messages: [
      { role: 'system', content: 'You answer briefly.' },
      { role: 'user', content: 'How do tides come about?' },
    ],
    temperature: 0.7,
    max_tokens: 200,
  },
  CONFIG,
);

const reply = response.choices[0].message.content;
console.log(reply);
