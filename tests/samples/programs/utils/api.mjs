// One call of the API. Where a key is refused (401) or limited (429), the next one is tried.

const TIMEOUT = 60_000; // milliseconds
const ANOTHER_KEY_MAY_DO = [401, 429];

export async function apiCall(url, data, config) {
  let failure;
  for (const key of config.API_KEYS) {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${key}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify(data),
      signal: AbortSignal.timeout(TIMEOUT),
    });
    if (response.ok) {
      return response.json();
    }
    failure = new Error(`API error ${response.status}: ${await response.text()}`);
    if (!ANOTHER_KEY_MAY_DO.includes(response.status)) {
      break;
    }
  }
  throw failure;
}
