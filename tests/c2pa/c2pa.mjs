// The reference implementation of C2PA, for tests/provenance_test.py:
//   node c2pa.mjs read FILE [ANCHORS.pem]         what it says of a file, as JSON
//   node c2pa.mjs sign IN OUT CHAIN.pem KEY.pem   a manifest of its own in a copy
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'

import { Builder, LocalSigner, Reader } from '@contentauth/c2pa-node'

const types = { '.mp4': 'video/mp4', '.gif': 'image/gif', '.webp': 'image/webp', '.png': 'image/png', '.jpg': 'image/jpeg' }

async function read(path, anchors) {
  const asset = { buffer: await readFile(path), mimeType: types[extname(path)] }
  const trust = anchors ? { trust: { user_anchors: await readFile(anchors, 'utf8') }, verify: { verify_trust: true } } : undefined
  const reader = await Reader.fromAsset(asset, trust)
  console.log(JSON.stringify(reader ? reader.json() : null))
}

async function sign(input, output, chain, key) {
  const builder = Builder.withJson({
    claim_generator_info: [{ name: 'reference', version: '0.5.5' }],
    title: 'a test',
  })
  builder.setIntent({ create: 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia' })
  const signer = LocalSigner.newSigner(await readFile(chain), await readFile(key), 'es256')
  builder.sign(signer, { path: input }, { path: output })
}

const [verb, ...words] = process.argv.slice(2)
await (verb === 'sign' ? sign : read)(...words)
