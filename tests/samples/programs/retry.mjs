// Asks a question; when there are too many requests it waits 1, 2 and 4 seconds.
import { apiCall } from './utils/api.mjs';
import { CONFIG } from './utils/config.mjs';

async function apiCallWithRetry(url, data, config, retries = 0) {
  try {
    return await apiCall(url, data, config);
  } catch (error) {
    if (error.message.includes('429') && retries < 3) {
      const delay = Math.pow(2, retries) * 1000;
      await new Promise((resolve) => setTimeout(resolve, delay));
      return apiCallWithRetry(url, data, config, retries + 1);
    }
    throw error;
  }
}

const response = await apiCallWithRetry(
  `${CONFIG.BASE_API_URL}/chat/completions`,
  { model: 'mistral-31-24b', messages: [{ role: 'user', content: 'Are you there?' }] },
  CONFIG,
);
console.log(response.choices[0].message.content);
