// The address and the keys, which the document writes down in place.

export const CONFIG = {
  API_KEYS: process.env.API_KEY.split(','),
  BASE_API_URL: process.env.BASE_URL,
};
