// An S3 server that keeps objects as files in a folder and checks signatures: node serve.mjs FOLDER. Says where it
// listens. Access key and secret key are both "S3RVER".
import S3rver from "@20minutes/s3rver";

const server = new S3rver({
  address: "127.0.0.1",
  port: 0,
  directory: process.argv[2],
  silent: true,
  vhostBuckets: false,
  configureBuckets: [{ name: "clips", configs: [] }],
});
const { port } = await server.run();
console.log(`http://127.0.0.1:${port}`);
