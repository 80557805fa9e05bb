// Package redteam attacks the product: each row of the attack table of paper 000
// is a test named by its id, run against running organisations over TCP sockets, and so
// are those of paper 001 that need them.
//
// An attack must fail with the named error, leave nothing on the ledger and
// nothing in the store, and leave an entry in the audit book. Where the print is
// broken the same attack runs against internal/paper/pedigree too and must
// succeed there, so that the suite cannot pass by testing nothing. The kill -9
// tests run the built command in processes of their own.
//
// docs/threat-model.md says what each attack is met with, and what remains.
package redteam
