// Asks for a joke and prints it. fetch is Node's own, which took the place of the package node-fetch.
const { API_KEY, BASE_URL } = process.env;

async function chat(prompt) {
  const response = await fetch(`${BASE_URL}/chat/completions`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${API_KEY}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({
      model: 'mistral-31-24b',
      messages: [{ role: 'user', content: prompt }],
    }),
  });

  const data = await response.json();
  return data.choices[0].message.content;
}

chat('Tell me a joke about boats').then(console.log);
