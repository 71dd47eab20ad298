#!/bin/sh
# Asks a question and prints the answer.
curl -X POST "$BASE_URL/chat/completions" \
  -H "Authorization: Bearer $API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "model": "mistral-31-24b",
    "messages": [
      {"role": "system", "content": "You answer briefly."},
      {"role": "user", "content": "Which river flows through Vienna?"}
    ],
    "temperature": 0.7,
    "max_tokens": 100
  }'
