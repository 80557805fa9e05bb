// Computes what paper 001 makes of its secrets, from docs/formats.md ("Things that are
// measured") and Node's own crypto. It shares no code with the product.
//
//	node mark.mjs < INPUT   prints JSON: of each transaction U, its key, V and mark; the
//	                        root; the answers to a challenge; the concealed code
import crypto from 'node:crypto'
import fs from 'node:fs'
import { cbor, encode, hash, jcs, leafHash, root, sha256, u64, utf8 } from '../../testdata/verify/forms.mjs'

const b64 = (text) => Buffer.from(text, 'base64url')
const text = (b) => b.toString('base64url')
const hkdf = (ikm, salt, info) => Buffer.from(crypto.hkdfSync('sha256', ikm, salt, info, 32))

// pair is the Ed25519 key pair of a seed (RFC 8032), which PKCS #8 puts behind 16 bytes.
function pair(seed) {
  const key = crypto.createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' })
  return { key, pub: b64(crypto.createPublicKey(key).export({ format: 'jwk' }).x) }
}

const input = JSON.parse(fs.readFileSync(0, 'utf8'))
const { consignment: c, criteria, identify } = input
const marks = input.items.map((item, index) => {
  const random = hash('theriac/transaction-random/1', b64(c.secret), u64(index)).subarray(0, 16)
  const u = { chain: c.chain, counter: c.counter, epoch: c.epoch, from: c.from, index, item, line: c.line, place: c.place, random: text(random), to: c.to }
  if (Object.keys(c.fields).length > 0) u.fields = c.fields
  const { key, pub } = pair(hkdf(b64(input.judgment), random, utf8(jcs(u))))
  const v = sha256(pub)
  return { key, pub, v, u: jcs(u), mark: leafHash(v) }
})

// What the derived key signs in an identification, and the device beside it.
const m = marks[identify.index]
const identified = encode('theriac/identified/1', utf8(c.chain), b64(identify.registration), u64(identify.index), utf8(identify.consignee), utf8(identify.place), b64(identify.nonce))

const listed = criteria.list.map((x) => new Map([[1, x.feature], [2, x.high], [3, x.low], [4, x.unit]]))

// The concealed code, and how it is printed: Crockford's base 32.
const code = hash('theriac/concealed/1', b64(input.code.secret), utf8(input.code.serial)).subarray(0, 16)
let bits = BigInt('0x' + code.toString('hex')) << 2n
let letters = ''
for (let i = 0; i < 26; i++, bits >>= 5n) letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[Number(bits & 31n)] + letters
const concealed = pair(hkdf(code, Buffer.alloc(0), encode('theriac/concealed-key/1', utf8(input.code.gtin), utf8(input.code.serial))))
const redeemed = encode('theriac/redeemed/1', utf8(c.chain), b64(input.code.batch), u64(input.code.index), b64(input.code.browser))

process.stdout.write(JSON.stringify({
  transactions: marks.map((x) => ({ u: x.u, key: text(x.pub), v: text(x.v), mark: text(x.mark) })),
  root: text(root(marks.map((x) => x.mark))),
  proof: text(crypto.sign(null, identified, m.key)),
  measured: text(hash('theriac/measured/1', identified, m.pub)),
  criteria: text(hash('theriac/criteria/1', b64(criteria.salt), cbor(listed))),
  code: { printed: letters.match(/.{1,6}/g).join('-').replace(/-(..)$/, '$1'), v: text(sha256(concealed.pub)), proof: text(crypto.sign(null, redeemed, concealed.key)) },
}, null, 1) + '\n')
