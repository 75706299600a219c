# 1: 'POST /mcp/bearer-token initialize'
curl -i -g -X POST \
  -H 'Accept: application/json, text/event-stream' \
  -H 'Content-Type: application/json' \
  --data-raw '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"mcp-auth","version":"1"}}}' \
  'http://127.0.0.1:8765/mcp/bearer-token'

# 3: 'GET /.well-known/oauth-protected-resource/mcp/bearer-token'
curl -i -g \
  -H 'Accept: application/json' \
  'http://127.0.0.1:8765/.well-known/oauth-protected-resource/mcp/bearer-token'

# 5: 'POST /mcp/bearer-token tools/call whoami'
curl -i -g -X POST \
  -H 'Accept: application/json, text/event-stream' \
  -H 'Content-Type: application/json' \
  -H 'MCP-Protocol-Version: 2026-07-28' \
  -H 'Mcp-Method: tools/call' \
  -H 'Mcp-Name: whoami' \
  -H 'Authorization: Bearer <at#1 17>' \
  --data-raw '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"mcp-auth","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}' \
  'http://127.0.0.1:8765/mcp/bearer-token'

