// What a tracker on Node's HTTP cannot be cheaper than: answers each request with as many bytes as an answer of 50 peers.
import { createServer } from 'node:http';

const body = `d5:peers300:${'a'.repeat(300)}e`;
const server = createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
