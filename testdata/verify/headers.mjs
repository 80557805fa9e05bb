// Is a header the chain's? From pinned validators (docs/formats.md, "Headers").
import crypto from 'node:crypto'
import { b64, digest, leafHash, must, root, same, sha256, u64, utf8, zero } from './forms.mjs'

const varint = (n) => {
  const out = []
  for (n = BigInt.asUintN(64, BigInt(n)); n > 127n; n >>= 7n) out.push(Number(n & 127n | 128n))
  return Buffer.from([...out, Number(n)])
}
const pInt = (f, n) => n == 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([f << 3]), varint(n)])
const pFixed = (f, n) => n == 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([f << 3 | 1]), Buffer.from(u64(n)).reverse()])
const pMsg = (f, ...b) => Buffer.concat([Buffer.from([f << 3 | 2]), varint(Buffer.concat(b).length), ...b])
const pBytes = (f, b) => b.length === 0 ? b : pMsg(f, b)
const pDigest = (f, text) => zero(digest(text)) ? Buffer.alloc(0) : pMsg(f, digest(text))

// nanos reads a time with nine digits of a second.
export function nanos(text) {
  const m = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z$/.exec(text)
  const ms = m && Date.parse(m[1] + 'Z')
  must(m && !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(m[1]), `time ${text}`, 'unreadable')
  return BigInt(ms) * 1000000n + BigInt(m[2])
}
const pTime = (text) => {
  const ns = nanos(text)
  const part = (ns % 1000000000n + 1000000000n) % 1000000000n
  return Buffer.concat([pInt(1, (ns - part) / 1000000000n), pInt(2, part)])
}
const pBlockID = (id) => Buffer.concat([pDigest(1, id.hash), pMsg(2, pInt(1, id.parts_total), pDigest(2, id.parts_hash))])

const headerHash = (h) => root([
  Buffer.concat([pInt(1, h.version.block), pInt(2, h.version.app)]),
  pBytes(1, utf8(h.chain_id)), pInt(1, h.height), pTime(h.time), pBlockID(h.last_block_id),
  ...['last_commit_hash', 'data_hash', 'validators_hash', 'next_validators_hash', 'consensus_hash', 'app_hash', 'last_results_hash',
    'evidence_hash'].map((n) => pDigest(1, h[n])),
  pBytes(1, b64(h.proposer_address)),
].map(leafHash))
const setHash = (set) => root(set.map((v) => leafHash(Buffer.concat([pMsg(1, pBytes(1, b64(v.key))), pInt(2, v.power)]))))
const address = (v) => sha256(b64(v.key)).subarray(0, 20)

function signBytes(c, i, chain) {
  const vote = c.signatures[i]
  return pMsg(0, pInt(1, 2), pFixed(2, c.height), pFixed(3, c.round), vote.flag === 2 ? pMsg(4, pBlockID(c.block_id)) : Buffer.alloc(0),
    pMsg(5, pTime(vote.timestamp)), pBytes(6, utf8(chain))).subarray(1)
}

// Under a key of small order one signature serves every message.
const smallOrder = ['01' + '00'.repeat(31), 'ec' + 'ff'.repeat(30) + '7f', '00'.repeat(32),
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a']

export function checkSet(set) {
  must(set.length > 0 && set.length <= 10000, 'validators')
  let total = 0n
  set.forEach((v, i) => {
    const y = Buffer.from(b64(v.key, 32))
    y[31] &= 127
    must(!(y[0] >= 0xed && y[31] === 127 && y.subarray(1, 31).every((b) => b === 255)) && !smallOrder.includes(y.toString('hex')), 'bad key')
    must(v.power > 0 && !set.slice(0, i).some((o) => o.key === v.key), 'validator')
    const before = set[i - 1]
    must(i === 0 || before.power > v.power || before.power === v.power && Buffer.compare(address(before), address(v)) < 0, 'validators out of order')
    total += BigInt(v.power)
  })
  must(total <= (2n ** 63n - 1n) / 8n, 'power')
}

export function lightClient(trust, chain) {
  checkSet(trust.validators)
  must(chain.length > 0 && chain.length <= 16, 'path of headers')
  let last = null
  for (const { commit: c, header: h, validators: set } of chain) {
    must(h.chain_id === trust.chain_id, 'header of another chain')
    must(h.version.block === 11 && h.height > 0 && b64(h.proposer_address).length === 20, 'header')
    checkSet(set)
    must(c.round >= 0 && c.block_id.parts_total > 0 && !zero(digest(c.block_id.parts_hash)), 'commit')
    must(c.height === h.height && same(headerHash(h), digest(c.block_id.hash)) && !zero(digest(c.block_id.hash)), 'commit to another header')
    must(same(setHash(set), digest(h.validators_hash)), 'header names another validator set')
    const at = last ? last.header.height : trust.height
    must(last ? h.height > at && nanos(h.time) > nanos(last.header.time) : h.height >= at, 'headers do not rise')
    must(c.signatures.length === set.length, 'votes')
    const voted = new Set()
    c.signatures.forEach((v, i) => {
      if (v.flag === 1) return must(v.address === '' && v.signature === '' && v.timestamp === '', 'absent and not empty')
      must((v.flag === 2 || v.flag === 3) && same(b64(v.address), address(set[i])), 'vote of another')
      const key = crypto.createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: set[i].key }, format: 'jwk' })
      must(crypto.verify(null, signBytes(c, i, trust.chain_id), key, b64(v.signature, 64)), 'vote does not verify')
      if (v.flag === 2) voted.add(set[i].key)
    })
    const share = (of) => [of.filter((v) => voted.has(v.key)), of].map((l) => l.reduce((sum, v) => sum + BigInt(v.power), 0n))
    const [own, all] = share(set)
    must(3n * own > 2n * all, 'two thirds or less signed')
    if (h.height === at) must(same(setHash(trust.validators), digest(h.validators_hash)), 'another set at the trusted height')
    else if (last && h.height === at + 1) must(h.validators_hash === last.header.next_validators_hash, 'another set was announced')
    else {
      const [some, of] = share(last ? last.validators : trust.validators)
      must(3n * some > of, 'trusted validators do not vouch')
    }
    last = { header: h, validators: set }
  }
  return last.header
}
