// Package genuine decides whether a thing on the table is the thing that was
// registered, once. It is paper 001, sections 3.2 to 3.4, hardened.
//
// A maker's product line has criteria: features, each with its legitimate range. A
// device measures a thing and judges it (Judge). If it is legitimate, and only then,
// the device has the line's judgment value J, and derives from it and the transaction
// information U the identification key of this one transaction between two members:
//
//	Key = HKDF-SHA256(ikm J, salt U.random, info U)
//	V   = SHA-256(Ed25519 public key of seed Key)
//
// The registration device puts V on the ledger (verification information), with who
// may identify the thing and where. At hand-over the consignee's identification device
// sends U with a nonce to the deliverer's measuring device (Challenge); that one
// measures, judges, derives Key again, and answers with a signature by it (Answer),
// which the consignee's transaction takes to the ledger: verified, once.
//
// J leaves no device, Key leaves none either, and out of range there is neither: the
// print has a second fixed value for what is not legitimate, and its J ⊕ U turns the
// one into the other for whoever shifts U. Deviations are listed in docs/papers/001.md.
package genuine
