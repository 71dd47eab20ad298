#!/bin/sh
# Asks for a picture and prints the answer.
curl -X POST "$BASE_URL/image/generate" \
  -H "Authorization: Bearer $API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "model": "fluently-xl",
    "prompt": "A harbour in the morning mist",
    "negative_prompt": "people, cars",
    "width": 256,
    "height": 192,
    "steps": 30,
    "seed": 42
  }'
