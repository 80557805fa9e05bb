package chain

import (
	"encoding/binary"
	"slices"

	"theriac/canon"
	"theriac/gs1"
)

// The keys of the state. Each is a word, a slash, and parts of fixed size or one
// text; so no two records share a key.

// ParamsKey names the Params.
func ParamsKey() []byte { return []byte("params/") }

// GovernorsKey names the Governors.
func GovernorsKey() []byte { return []byte("governors/") }

// ValidatorsKey names the Validators.
func ValidatorsKey() []byte { return []byte("validators/") }

// PrefixesKey names the Prefixes.
func PrefixesKey() []byte { return []byte("prefixes/") }

// MessageKey names the digest BC of the one anchored form of a message, by
// issuer and identifier: a message that was signed twice, for two sendings,
// counts once.
func MessageKey(issuer string, id canon.ID) []byte {
	d := canon.Hash("theriac/message/1", []byte(issuer), id[:])
	return append([]byte("message/"), d[:]...)
}

// MemberKey names a Member by GLN.
func MemberKey(gln string) []byte { return []byte("member/" + gln) }

// KeyKey names the GLN of the member who has, or had, a key.
func KeyKey(kid canon.Digest) []byte { return append([]byte("key/"), kid[:]...) }

// ProposalKey names a Proposal.
func ProposalKey(id canon.Digest) []byte { return append([]byte("proposal/"), id[:]...) }

// ExchangeKey names an Anchor by the digest BC of the message.
func ExchangeKey(bc canon.Digest) []byte { return append([]byte("exchange/"), bc[:]...) }

// CertificateKey names a Certificate by authorisation number.
func CertificateKey(number string) []byte { return []byte("certificate/" + number) }

// ProductKey names a Product by GTIN-14.
func ProductKey(gtin gs1.GTIN) []byte { return []byte("product/" + gtin) }

// BatchKey names a Batch.
func BatchKey(batch canon.Digest) []byte { return append([]byte("batch/"), batch[:]...) }

// UnitsKey names a Page of a batch.
func UnitsKey(batch canon.Digest, page uint32) []byte {
	return binary.BigEndian.AppendUint32(append([]byte("units/"), batch[:]...), page)
}

// UndoPrefix starts the keys of all Undoable records, oldest first.
func UndoPrefix() []byte { return []byte("undo/") }

// UndoKey names an Undoable by block time and operation, so that the oldest
// come first and expire.
func UndoKey(at int64, op canon.Digest) []byte {
	return append(binary.BigEndian.AppendUint64(UndoPrefix(), uint64(at)), op[:]...)
}

// UndoTime returns the block time in an UndoKey.
func UndoTime(key []byte) int64 { return int64(binary.BigEndian.Uint64(key[len(UndoPrefix()):])) }

// AlertKey names an Alert.
func AlertKey(id canon.Digest) []byte { return append([]byte("alert/"), id[:]...) }

// EvidenceKey names an EvidenceAnchor by document and by who anchored it.
func EvidenceKey(digest canon.Digest, gln string) []byte {
	return append(append([]byte("evidence/"), digest[:]...), gln...)
}

// BatchID returns the name of a batch: who entered it, product and lot. A member
// can only take names of its own.
func BatchID(member string, gtin gs1.GTIN, lot gs1.Lot) canon.Digest {
	return canon.Hash("theriac/batch/1", []byte(member), []byte(gtin), []byte(lot))
}

// A Role is what a member may do. The names in brackets are paper 000's.
type Role string

// The roles of paper 000 and those that come after the distributor.
const (
	Governor       Role = "governor"       // admits members (BCC)
	Administration Role = "administration" // approves medicines (DA)
	Supplier       Role = "supplier"       // material supplier (MS)
	Manufacturer   Role = "manufacturer"   // drug manufacturer (DM)
	Distributor    Role = "distributor"    // drug distributor (DD)
	Pharmacy       Role = "pharmacy"
	Hospital       Role = "hospital"
	Courier        Role = "courier"
)

// Roles lists all roles.
func Roles() []Role {
	return []Role{Administration, Courier, Distributor, Governor, Hospital, Manufacturer, Pharmacy, Supplier}
}

// MemberStatus is a member's standing.
type MemberStatus uint8

// A suspended member can be made active again; a removed one cannot.
const (
	Active    MemberStatus = 1
	Suspended MemberStatus = 2
	Removed   MemberStatus = 3
)

// A Member is an organisation of the consortium.
type Member struct {
	GLN      string       `cbor:"1,keyasint"`
	Name     string       `cbor:"2,keyasint"`
	Roles    []Role       `cbor:"3,keyasint"` // rising
	Endpoint string       `cbor:"4,keyasint"`
	Prefixes []string     `cbor:"5,keyasint"` // licensed GS1 company prefixes, rising
	SealKey  []byte       `cbor:"6,keyasint"`
	Status   MemberStatus `cbor:"7,keyasint"`
	Since    int64        `cbor:"8,keyasint"`
	Keys     []MemberKeys `cbor:"9,keyasint"` // in order of registration
}

// MemberKeys is a key of a member. Zero Until or Revoked means never.
type MemberKeys struct {
	Point   []byte `cbor:"1,keyasint"`
	From    int64  `cbor:"2,keyasint"`
	Until   int64  `cbor:"3,keyasint"`
	Revoked int64  `cbor:"4,keyasint"`
}

// Is reports whether the member has the role.
func (m *Member) Is(role Role) bool {
	return slices.Contains(m.Roles, role)
}

// Licensed reports whether a company prefix of the member covers the GTIN.
func (m *Member) Licensed(gtin gs1.GTIN) bool {
	return slices.ContainsFunc(m.Prefixes, gtin.HasPrefix)
}

// Params are the common parameters of the consortium (paper 000, IV-C).
type Params struct {
	Window   int64 `cbor:"1,keyasint"` // the papers' ΔT
	Undo     int64 `cbor:"2,keyasint"` // how long a unit transition can be taken back
	Proposal int64 `cbor:"3,keyasint"` // how long governors may vote
	// A proposal passes when accepting governors ÷ all governors ≥ Numerator ÷ Denominator.
	Numerator   int64 `cbor:"4,keyasint"`
	Denominator int64 `cbor:"5,keyasint"`
}

// Prefixes lists the licensed GS1 company prefixes, rising.
type Prefixes []Prefix

// A Prefix is a GS1 company prefix and the member who licensed it.
type Prefix struct {
	Digits string `cbor:"1,keyasint"`
	Member string `cbor:"2,keyasint"`
}

// Governors lists the GLNs of the active governors, rising.
type Governors []string

// Validators lists the validators, rising by key.
type Validators []Validator

// A Validator is a node that makes blocks.
type Validator struct {
	Key   []byte `cbor:"1,keyasint"` // Ed25519, 32 bytes
	Power int64  `cbor:"2,keyasint"`
}

// ProposalStatus is where a proposal stands.
type ProposalStatus uint8

// A proposal is open until it has a quorum, can have none any more, or lapses.
const (
	Open     ProposalStatus = 1
	Accepted ProposalStatus = 2
	Rejected ProposalStatus = 3
)

// ProposalID returns the name of the proposal that an operation makes of an
// action's canonical CBOR.
func ProposalID(op canon.Digest, action []byte) canon.Digest {
	return canon.Hash("theriac/proposal/1", op[:], action)
}

// A Proposal is an action before the governors.
type Proposal struct {
	Action   []byte         `cbor:"1,keyasint"` // canonical CBOR of the Action
	Proposer string         `cbor:"2,keyasint"`
	For      []string       `cbor:"3,keyasint"`
	Against  []string       `cbor:"4,keyasint"`
	Opened   int64          `cbor:"5,keyasint"`
	Status   ProposalStatus `cbor:"6,keyasint"`
}

// An Anchor is what the ledger keeps of an exchange: enough for the contracts
// of the exchanges that follow it.
type Anchor struct {
	Type        string         `cbor:"1,keyasint"`
	Case        string         `cbor:"2,keyasint"` // ID_BC
	Issuer      string         `cbor:"3,keyasint"`
	Audience    string         `cbor:"4,keyasint"`
	At          int64          `cbor:"5,keyasint"`
	Index       uint64         `cbor:"6,keyasint"` // of its leaf
	Paper       canon.Digest   `cbor:"7,keyasint"` // bc_paper = h(r, s)
	Prev        []canon.Digest `cbor:"8,keyasint,omitempty"`
	Lots        []gs1.LGTIN    `cbor:"9,keyasint,omitempty"`  // of material
	GTINs       []gs1.GTIN     `cbor:"10,keyasint,omitempty"` // products of a dossier
	Decision    string         `cbor:"11,keyasint,omitempty"`
	Certificate string         `cbor:"12,keyasint,omitempty"`
	Batches     []canon.Digest `cbor:"13,keyasint,omitempty"` // that a distribution or dispatch moves
	Documents   canon.Digest   `cbor:"14,keyasint,omitzero"`  // root of a dossier
}

// CertificateStatus is the status of a certificate.
type CertificateStatus uint8

// A suspended certificate can be made valid again; a revoked one cannot.
const (
	CertificateValid     CertificateStatus = 1
	CertificateSuspended CertificateStatus = 2
	CertificateRevoked   CertificateStatus = 3
)

// A Certificate is the ledger's record of a Cert_D.
type Certificate struct {
	Number string            `cbor:"1,keyasint"`
	Issuer string            `cbor:"2,keyasint"`
	Holder string            `cbor:"3,keyasint"`
	GTINs  []gs1.GTIN        `cbor:"4,keyasint"` // rising
	Digest canon.Digest      `cbor:"5,keyasint"` // of the credential's bytes
	Anchor canon.Digest      `cbor:"6,keyasint"` // BC of the decision that carried it
	From   int64             `cbor:"7,keyasint"`
	Until  int64             `cbor:"8,keyasint"`
	Status CertificateStatus `cbor:"9,keyasint"`
	Since  int64             `cbor:"10,keyasint"` // of the status
}

// MarketStatus is whether a batch or product may be supplied.
type MarketStatus uint8

// A recalled or withdrawn batch or product can be released again by who stopped it.
const (
	Released  MarketStatus = 1
	Recalled  MarketStatus = 2
	Withdrawn MarketStatus = 3
)

// String returns the status in words.
func (s MarketStatus) String() string {
	return [...]string{"", "released", "recalled", "withdrawn"}[min(s, Withdrawn)]
}

// A Product is a GTIN that some certificate lists.
type Product struct {
	GTIN   gs1.GTIN     `cbor:"1,keyasint"`
	Holder string       `cbor:"2,keyasint"`
	Status MarketStatus `cbor:"3,keyasint"`
	Since  int64        `cbor:"4,keyasint"`
	By     string       `cbor:"5,keyasint"`
}

// A Batch is the record of one lot.
type Batch struct {
	Release BatchRelease `cbor:"1,keyasint"`
	Holder  string       `cbor:"2,keyasint"` // who entered it
	At      int64        `cbor:"3,keyasint"`
	Index   uint64       `cbor:"4,keyasint"` // of its leaf
	Status  MarketStatus `cbor:"5,keyasint"`
	Since   int64        `cbor:"6,keyasint"`
	By      string       `cbor:"7,keyasint"` // who set the status
}

// An Undoable remembers a Units while it can be taken back.
type Undoable struct {
	By    string       `cbor:"1,keyasint"`
	Batch canon.Digest `cbor:"2,keyasint"`
	From  UnitState    `cbor:"3,keyasint"`
	To    UnitState    `cbor:"4,keyasint"`
	Units canon.Digest `cbor:"5,keyasint"` // of the ranges
	Index uint64       `cbor:"6,keyasint"` // of its leaf
}

// An Alert is what a transaction raised that came too late.
type Alert struct {
	Code  string       `cbor:"1,keyasint"`
	Batch canon.Digest `cbor:"2,keyasint"`
	Units []Range      `cbor:"3,keyasint"` // the packs in question, at most 16 ranges
	By    string       `cbor:"4,keyasint"`
	At    int64        `cbor:"5,keyasint"`
	Index uint64       `cbor:"6,keyasint"`
	// Registration is the one whose mark is in question; Batch and Units are empty if
	// it is of raw material.
	Registration canon.Digest `cbor:"7,keyasint,omitzero"`
}

// AlertID returns the name of the alert that an operation raises.
func AlertID(op canon.Digest) canon.Digest { return canon.Hash("theriac/alert/1", op[:]) }

// An EvidenceAnchor is the record of an anchored document.
type EvidenceAnchor struct {
	Media string `cbor:"1,keyasint"`
	At    int64  `cbor:"2,keyasint"`
	Index uint64 `cbor:"3,keyasint"`
}
