package main

// The words of docs/papers/000-costs.md around the tables.
const (
	head = `# Paper 000: costs

Tables 2 and 3 of the paper beside what this implementation does, counted and measured in its own code. The page is made by

` + "```sh" + `
go run ./cmd/theriac-bench costs --doc docs/papers/000-costs.md
` + "```" + `

The lengths of random texts and times vary by some bytes from run to run; the counts of operations vary only with the depth of the ledger's trees.

## Operations (Table 2)

One run of each phase: five registrations, which the rows of BCC and of the ledger node add up, and two messages in each other phase. *Signatures*, *verifications*, *hashes*
(SHA-256) and *comparisons* are how often the calls in the product's source ran, read from Go's coverage counters while the desks exchanged the messages. A
comparison is one whose other outcome is a refusal: of times, identities, types, digests, sizes. *Point multiplications* are one for a signature and two for a
verification; the paper's T_Mul adds four multiplications modulo n to three of a point.

| phase | who | paper | signatures | verifications | point multiplications | hashes | comparisons |
|---|---|---|---|---|---|---|---|
`
	afterOperations = `
Where ours is more:

- The sender checks before it sends what the receiver will check, and holds the receipt against the ledger afterwards.
- A receiver signs its anchoring transaction; the ledger node, which is each validator, verifies it and the message again. In the paper the contract's sign line uses
  the centre's copy of the private key.
- Hashes: the body is a tree over salted fields, so that prices are withheld and proven; the ledger keeps an append-only log and a state tree, so that anybody can
  verify without asking. The paper hashes one string.
- The dossier is sealed (HPKE) to the drug administration; its key agreement is not in the counts.
- The third party verifies full signatures and the validators' commit. The paper's compares BC with h(r, s), which binds neither message nor key.

## Messages

Bytes of the story's messages as they were posted to the receiver's inbox over HTTP/1.1 on a socket: the message (RFC 8785 JSON of body and envelope), the signed
envelope in it (JWS), the receipt that came back, and request with answer and their headers.

| exchange | type | message | envelope | receipt | with HTTP |
|---|---|---|---|---|---|
`
	afterMessages = `
## Communication (Table 3)

Bits of the messages of a phase and how long they take at 14 Mbps, 100 Mbps and 20 Gbps, as the paper reckons: length ÷ rate.

| phase | of | bits | 3.5G (14 Mbps) | 4G (100 Mbps) | 5G (20 Gbps) |
|---|---|---|---|---|---|
`
	tail = `
The paper's messages are fields of 80 bits and keys and hashes of 160; ours carry documents, lots, ranges of packs, W3C credential and names in legible JSON, 256-bit
digests and full P-256 signatures. The evidence of one pack, with which a third party verifies all of it offline, has %d bytes.

## The paper's errata in these tables

- **T_Sig = 3 of DM (approval) and of DD (distribution) cannot be obtained.** They would have to verify Cert_D, and no printed step does. Runs of the printed protocol
  (` + "`internal/paper/pedigree`, `TestTable2`" + `) count 2 there. The third T_Sig of DA is its signature of Cert_D.
- **"5 G (20 Mbps)" in the text of V-I is an erratum for 20 Gbps**: 1840 bits take 92 µs at 20 Mbps and 0.092 µs at 20 Gbps; Table 3 has the latter.
- **The lengths of Table 3 are obtainable only with Cert_D = 160 bits**, half of an ECDSA signature of the printed width. With Cert_D as (r, s) approval and
  distribution have 1920 and 2000 bits (` + "`TestTable3NeedsHalfASignature`" + `).
- T_Mul = 7 adds up three multiplications of a point and four modulo n, which differ in cost by three orders of magnitude; inversions and point additions are left out.
- The uploads (ID_BC, BC), twice 240 bits a phase, the contracts' arguments and the third party's work are in neither table.
`
)
