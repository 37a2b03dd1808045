// Clients of both eras of the Model Context Protocol use the tools: node mcp.mjs URL MODEL.
import assert from 'node:assert/strict';

const [url, model] = process.argv.slice(2);

async function use(client) {
  const { tools } = await client.listTools();
  assert.ok(tools.some((tool) => tool.name === 'generate_video'));
  const call = async (name, args) => {
    const result = await client.callTool({ name, arguments: args });
    return result;
  };
  const made = await call('generate_video', { prompt: 'a red cat', model, seconds: 1 });
  assert.ok(!made.isError, JSON.stringify(made));
  const { id } = made.structuredContent;
  let video;
  for (let i = 0; i < 600; i++) {
    video = await call('get_video', { id });
    if (video.structuredContent.status === 'succeeded') break;
    assert.notEqual(video.structuredContent.status, 'failed', JSON.stringify(video));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const link = video.content.find((part) => part.type === 'resource_link');
  const file = await fetch(link.uri);
  assert.equal(file.status, 200);
  assert.equal(Buffer.from(await file.arrayBuffer()).subarray(4, 8).toString(), 'ftyp');
  assert.ok((await call('list_videos', {})).structuredContent.videos.some((one) => one.id === id));
  assert.ok((await call('list_models', {})).structuredContent.models.some((one) => one.id === model));
  assert.ok((await call('cancel_video', { id: 'nothing' })).isError);
  await client.close();
}

const v1 = await import('@modelcontextprotocol/sdk/client/index.js');
const v1http = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
const first = new v1.Client({ name: 'test', version: '1' });
await first.connect(new v1http.StreamableHTTPClientTransport(new URL(url)));
await use(first);

const v2 = await import('@modelcontextprotocol/client');
for (const options of [{}, { versionNegotiation: { mode: 'auto' } }]) {
  const second = new v2.Client({ name: 'test', version: '1' }, options);
  await second.connect(new v2.StreamableHTTPClientTransport(new URL(url)));
  await use(second);
}
console.log('MCP: all calls answered');
