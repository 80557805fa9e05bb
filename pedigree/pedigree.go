// Package pedigree is paper 000: the signed exchanges that lead from raw
// material to the pharmacy, the approval certificate Cert_D, the batches of
// packs, and the verification by a third party that names who tampered.
//
// Roles and letters are the paper's: BCC the blockchain centre (here the
// consortium's governors), DA drug administration, MS material supplier, DM drug
// manufacturer, DD drug distributor, TP third party.
//
//	1 dmms      DM → MS   material request        drug development and trial (IV-F)
//	2 msdm      MS → DM   material supply
//	3 dmda      DM → DA   dossier                 testing and approval (IV-G)
//	4 dadm      DA → DM   decision, with Cert_D
//	5 dmdd      DM → DD   distribution            production and distribution (IV-H)
//	6 dddm      DD → DM   sales status
//	7 dispatch  DD → pharmacy or hospital         (IV-A, step 4)
//	8 receipt   pharmacy or hospital → DD
//	9 report    anybody → DM, DA          what somebody with a pack reports (not in the paper)
//
// Each is an envelope (package envelope) that its receiver verifies and then
// anchors on the ledger. prev makes a graph of them: one approval has many
// batches, a batch many distributors. The package does no I/O.
//
// Deviations from the print are listed in docs/papers/000.md.
package pedigree

import (
	"fmt"
	"slices"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/refusal"
)

// The message types. The number after the slash is the version.
const (
	TypeMaterialRequest = "dmms/1"
	TypeMaterialSupply  = "msdm/1"
	TypeDossier         = "dmda/1"
	TypeDecision        = "dadm/1"
	TypeDistribution    = "dmdd/1"
	TypeSalesStatus     = "dddm/1"
	TypeDispatch        = "dispatch/1"
	TypeReceipt         = "receipt/1"
	TypeReport          = "report/1"
)

var (
	// ErrRole is returned for a message between members whose roles do not fit it.
	ErrRole = refusal.New("wrong_role", "the member's role does not allow this")
	// ErrCase is returned for an answer under another ID_BC than its question.
	ErrCase = refusal.New("wrong_case", "the answer stands under another case than what it answers")
)

// An Exchange is one of the nine messages: who sends it to whom, what it may
// follow, and which fields of its body the ledger sees.
type Exchange struct {
	Number    int
	Type      string
	From, To  []chain.Role
	Follows   []string // types that its predecessors may have; empty: it opens a case
	Answers   bool     // it has one predecessor, turns it round, and keeps its case
	Discloses []string
}

// exchanges is the paper's protocol as a table.
var exchanges = []Exchange{
	{
		Number: 1, Type: TypeMaterialRequest, From: roles(chain.Manufacturer), To: roles(chain.Supplier),
		Discloses: []string{"material", "product"},
	},
	{
		Number: 2, Type: TypeMaterialSupply, From: roles(chain.Supplier), To: roles(chain.Manufacturer),
		Follows: []string{TypeMaterialRequest}, Answers: true, Discloses: []string{"lots", "material", "registrations"},
	},
	{
		Number: 3, Type: TypeDossier, From: roles(chain.Manufacturer), To: roles(chain.Administration),
		// A decision that asks a question is followed by a further dossier.
		Follows:   []string{TypeMaterialSupply, TypeDecision},
		Discloses: []string{"documents", "gtins", "materials", "product"},
	},
	{
		Number: 4, Type: TypeDecision, From: roles(chain.Administration), To: roles(chain.Manufacturer),
		Follows: []string{TypeDossier}, Answers: true, Discloses: []string{"certificate", "decision"},
	},
	{
		Number: 5, Type: TypeDistribution, From: roles(chain.Manufacturer), To: roles(chain.Distributor),
		Follows: []string{TypeDecision}, Discloses: []string{"certificate", "parcels", "registrations", "sales_method"},
	},
	{
		Number: 6, Type: TypeSalesStatus, From: roles(chain.Distributor), To: roles(chain.Manufacturer),
		Follows: []string{TypeDistribution}, Answers: true, Discloses: []string{"expiries"},
	},
	{
		// Distributors also supply each other, and goods come back.
		Number: 7, Type: TypeDispatch,
		From:    roles(chain.Distributor, chain.Pharmacy, chain.Hospital),
		To:      roles(chain.Distributor, chain.Pharmacy, chain.Hospital, chain.Manufacturer),
		Follows: []string{TypeDistribution, TypeDispatch}, Discloses: []string{"parcels", "registrations"},
	},
	{
		Number: 8, Type: TypeReceipt,
		From:    roles(chain.Distributor, chain.Pharmacy, chain.Hospital, chain.Manufacturer),
		To:      roles(chain.Distributor, chain.Pharmacy, chain.Hospital),
		Follows: []string{TypeDispatch}, Answers: true,
	},
	{
		Number: 9, Type: TypeReport, From: chain.Roles(), To: roles(chain.Manufacturer, chain.Administration),
	},
}

func roles(r ...chain.Role) []chain.Role { return r }

// Find returns the exchange of a message type, or envelope.ErrType.
func Find(typ string) (*Exchange, error) {
	for i := range exchanges {
		if exchanges[i].Type == typ {
			return &exchanges[i], nil
		}
	}
	return nil, fmt.Errorf("%w: %q", envelope.ErrType, typ)
}

// CheckParties returns ErrRole unless the exchange goes from the one member to
// the other.
func (x *Exchange) CheckParties(from, to *chain.Member) error {
	if !slices.ContainsFunc(x.From, from.Is) {
		return fmt.Errorf("%w: %s sends no %s", ErrRole, from.GLN, x.Type)
	}
	if !slices.ContainsFunc(x.To, to.Is) {
		return fmt.Errorf("%w: %s receives no %s", ErrRole, to.GLN, x.Type)
	}
	return nil
}

// CheckDisclosed returns envelope.ErrField for a body that shows the ledger more
// than it may see: prices and partners stay with those who signed them.
func (x *Exchange) CheckDisclosed(b envelope.Body) error {
	for i := range b {
		if !b[i].Withheld() && !slices.Contains(x.Discloses, b[i].Name) {
			return fmt.Errorf("%w: %s is not for the ledger", envelope.ErrField, b[i].Name)
		}
	}
	return nil
}

// CheckPrev returns nil if a message with these claims may follow the
// predecessors, given in the order of c.Prev as the ledger anchored them;
// envelope.ErrPrev or ErrCase otherwise.
func (x *Exchange) CheckPrev(c *envelope.Claims, prev []chain.Anchor) error {
	switch {
	case len(prev) != len(c.Prev):
		return fmt.Errorf("%w: %d of %d are anchored", envelope.ErrPrev, len(prev), len(c.Prev))
	case len(x.Follows) == 0 && len(prev) > 0:
		return fmt.Errorf("%w: %s opens a case and follows nothing", envelope.ErrPrev, x.Type)
	case len(x.Follows) > 0 && len(prev) == 0:
		return fmt.Errorf("%w: %s follows nothing", envelope.ErrPrev, x.Type)
	case x.Answers && len(prev) != 1:
		return fmt.Errorf("%w: %s answers one message", envelope.ErrPrev, x.Type)
	}
	for i := range prev {
		p := &prev[i]
		if !slices.Contains(x.Follows, p.Type) {
			return fmt.Errorf("%w: %s does not follow %s", envelope.ErrPrev, x.Type, p.Type)
		}
		// What somebody follows, somebody must have received.
		if p.Audience != c.Issuer {
			return fmt.Errorf("%w: %s went to %s", envelope.ErrPrev, p.Type, p.Audience)
		}
		if x.Answers && p.Issuer != c.Audience {
			return fmt.Errorf("%w: %s came from %s", envelope.ErrPrev, p.Type, p.Issuer)
		}
		if x.Answers && p.Case != c.Case {
			return fmt.Errorf("%w: %s, not %s", ErrCase, c.Case, p.Case)
		}
	}
	return nil
}

// Index returns the place of the message with digest bc among the predecessors
// that c names, or -1.
func Index(c *envelope.Claims, bc canon.Digest) int { return slices.Index(c.Prev, bc) }
