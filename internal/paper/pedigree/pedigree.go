// Package pedigree is paper 000 as printed: Chen et al., "An IoT-Based Traceable
// Drug Anti-Counterfeiting Management System", IEEE Access 2020, equations 1 to
// 73. It is broken on purpose, wherever the print is. Tests take it as positive
// control (an attack that the print does not resist must succeed here) and
// theriac-bench as the source of tables 2 and 3. The product never imports it.
//
// # How the text was read
//
//   - The curve is P-256 and h is SHA-256, where the paper assumes 160 bits
//     without naming a curve. Arithmetic is affine, in big.Int.
//   - h(a, b, c) is SHA-256(a‖b‖c). A timestamp is Unix seconds in decimal: ten
//     digits are the 80 bits of section V-I. In h(r, s) each number takes 32
//     bytes, or as many as it needs if it is larger.
//   - M is what the contract stores of it: detail, then date, then cost (msdm_date
//     and dmdd_cost come from nowhere else), joined.
//   - The number of the exchange, a subscript in the print, is not on the wire:
//     the receiver knows which step it is in.
//   - Equation 11 compares modulo n. Comments number the equations of the first
//     exchange, 2 to 12; each further exchange adds 11 (Exchange.Equation).
//   - The centre keeps every d_X ("string x_keypairs") and tells anybody any Q_X.
//     "sign string dm_key" in a contract can only be the centre's copy.
//   - A contract's id is ID_BC. A field of another contract (dmda_id in dmddins)
//     is the one stored under the same ID_BC. "sign" and "verify" are run with ins.
//   - (ID_BC, BC_x-y) goes up with its subscript and, because step 1 of IV-I
//     downloads signatures, with (r, s). Nobody is told who may upload: the last
//     one counts. TP takes Cert_D from dadm_cert.
//   - Cert_D has no equation. It is the certificate's text and the DA's (r, s).
//
// # Printed errata
//
//   - IV-C publishes (F_p, E/F_p, G, P): P is undefined, n and ΔT are missing, q
//     has become p. IV-B calls the scalar k_x a value on the curve, the point
//     (x_x, y_x) a signature message, and lacks d, Q, n, z, u and ΔT.
//   - (1): BCC makes d_X and sends it over the net; no channel is named. The
//     identity "is verified", by nothing printed; x_detail is never read again.
//   - (5): no second try for r = 0 or s = 0. (8)–(11): no range check of r and s.
//   - (6): one-sided. (2): no receiver, no type of message, no lengths.
//   - (12): BC does not cover the message. Receivers get the previous BC and
//     compare it with nothing, though V-F says they verify it.
//   - Contracts: ins assigns id and detail, which are no parameters; count is a
//     string, shared by all; chk returns after its first field; dmddins signs
//     dmda_id and dmda_detail and verifies dmdd_id and dmda_detail, so that
//     nothing covers dmdd_detail; dadmchk asks for dmda_id, dmda_detail and a
//     dmda_cert that does not exist; msdmins is printed msdmmins and "sent", its
//     sign line lacks an underscore; dmddins is triggered in the same sentence
//     twice.
//   - IV-I: step 5 of IV-A uses public keys, equations 68–73 do not. "Verify
//     Cert_D" says neither how nor against what.
//   - V-A ends a sentence without its verb; V-D argues about z, which is never
//     sent; Table 4 cites [18]–[21] for works that are [21], [16], [17], [18].
//
// # Tables 2 and 3
//
// T_Mul: 7 is 3 multiplications of a point and 4 modulo n, added up. Inversions
// (2: s⁻¹ is printed twice and taken once) and the point addition are not counted.
//
// T_Sig: 2 is one sign and one verify line of the contracts for each role (or
// equations 2–11 counted a second time: the number is the same). The third of
// the DA is Cert_D. The third of DM (approval) and of DD (distribution) cannot be
// obtained: they would have to verify Cert_D and no printed step does. Runs of
// this package count 2 there.
//
// Message lengths: 480, 1520, 1760 and 1840 bits are all obtained, but only with
// (r, s) as two values of 160, Q_X as one (its x alone), every M of 80 and
// Cert_D of 160, half a signature. With Cert_D as one (r, s) alone it would be
// 1920 and 2000. The uploads (ID_BC, BC), twice 240 bits a phase, the contracts'
// arguments and all of IV-I are in neither table.
//
// Times: all twelve are bits / rate at 14 Mbps, 100 Mbps and 20 Gbps, rounded to
// three places. The text of V-I says 20 Mbps for 5G: 0.092 µs needs 20 Gbps.
package pedigree

import "errors"

// Refusals, in the order in which a receiver comes to them.
var (
	ErrStale     = errors.New("pedigree: timestamp is older than ΔT")
	ErrUnknown   = errors.New("pedigree: identity is not registered")
	ErrSignature = errors.New("pedigree: signature does not verify")
	ErrContract  = errors.New("pedigree: smart contract refuses")
)

// A Role is a party of section IV-A.
type Role int

// The six roles.
const (
	BCC Role = iota // blockchain centre
	DA              // drug administration
	MS              // material supplier
	DM              // drug manufacturer
	DD              // drug distributor
	TP              // third party
)

func (r Role) String() string {
	return [...]string{"BCC", "DA", "MS", "DM", "DD", "TP"}[r]
}

// A Phase is a row of tables 2 and 3; Verification (IV-I) is in neither.
type Phase int

// The five phases.
const (
	Registration Phase = iota
	Development
	Approval
	Distribution
	Verification
)

func (p Phase) String() string {
	return [...]string{
		"system role registration", "drug development and trial", "drug testing and approval",
		"drug production and distribution", "third-party verification",
	}[p]
}

// A Field is something that a message carries beside (r, s).
type Field int

// The fields. Detail, Date and Cost together are M; Prev is the BC of the
// exchange before.
const (
	ID Field = iota
	Detail
	Date
	Cost
	TS
	Prev
	MUI
	Cert
	UI
	IDBC
	fieldCount
)

// A Fields holds a message's or a contract's values; what it does not carry is
// empty.
type Fields [fieldCount]string

// only returns f without the fields that are not listed.
func (f Fields) only(list []Field) Fields {
	var out Fields
	for _, i := range list {
		out[i] = f[i]
	}
	return out
}

// pick returns the listed values in order.
func (f Fields) pick(list []Field) []string {
	out := make([]string, len(list))
	for i, field := range list {
		out[i] = f[field]
	}
	return out
}

// An Exchange is one of the six messages, by the name of its contract.
type Exchange int

// The six exchanges, in order.
const (
	DMMS Exchange = iota // material request
	MSDM                 // material supply
	DMDA                 // dossier
	DADM                 // approval with Cert_D
	DMDD                 // distribution
	DDDM                 // sales status
)

func (x Exchange) String() string { return exchanges[x].name }

// From returns the sender.
func (x Exchange) From() Role { return exchanges[x].from }

// To returns the receiver.
func (x Exchange) To() Role { return exchanges[x].to }

// Phase returns the phase that the exchange belongs to.
func (x Exchange) Phase() Phase { return exchanges[x].phase }

// Fields returns what the message carries beside (r, s), in the order in which
// it is hashed.
func (x Exchange) Fields() []Field { return exchanges[x].sends }

// Equation returns the number that equation first (2 to 12) of the first
// exchange has in exchange x.
func (x Exchange) Equation(first int) int { return first + 11*int(x) }

// Digest returns z of a message: equation 2.
func (x Exchange) Digest(f Fields) []byte { return new(Ops).hash(f.pick(x.Fields())...) }

// exchanges is IV-F to IV-H. columns are the contract's; checks is the contract
// whose fields chk names; signsDMDA and verifiesDMDA are the columns that the
// sign and verify lines take from dmda.
var exchanges = [...]struct {
	name                    string
	from, to                Role
	phase                   Phase
	sends, columns          []Field
	checks                  Exchange
	signsDMDA, verifiesDMDA []Field
}{
	DMMS: {
		name: "dmms", from: DM, to: MS, phase: Development, checks: DMMS,
		sends:   []Field{ID, Detail, TS, IDBC}, // (2)
		columns: []Field{IDBC, Detail},
	},
	MSDM: {
		name: "msdm", from: MS, to: DM, phase: Development, checks: MSDM,
		sends:   []Field{ID, Detail, Date, TS, Prev, MUI, IDBC}, // (13)
		columns: []Field{IDBC, Detail, MUI, Date},
	},
	DMDA: {
		name: "dmda", from: DM, to: DA, phase: Approval, checks: DMDA,
		sends:   []Field{ID, Detail, TS, Prev, IDBC}, // (24)
		columns: []Field{IDBC, Detail},
	},
	DADM: {
		name: "dadm", from: DA, to: DM, phase: Approval, checks: DMDA, // sic
		sends:   []Field{ID, Detail, TS, Prev, Cert, IDBC}, // (35)
		columns: []Field{IDBC, Detail, Cert},
	},
	DMDD: {
		name: "dmdd", from: DM, to: DD, phase: Distribution, checks: DMDD,
		sends:     []Field{ID, Detail, Date, Cost, TS, Prev, Cert, UI, IDBC}, // (46)
		columns:   []Field{IDBC, Detail, Cert, UI, Date, Cost},
		signsDMDA: []Field{IDBC, Detail}, verifiesDMDA: []Field{Detail}, // sic
	},
	DDDM: {
		name: "dddm", from: DD, to: DM, phase: Distribution, checks: DDDM,
		sends:   []Field{ID, Detail, TS, Prev, IDBC}, // (57)
		columns: []Field{IDBC, Detail},
	},
}
