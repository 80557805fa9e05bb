package pedigree

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
)

// The bodies of the exchanges. Members stand in the order of their JSON names,
// and each is optional, because a reader may be shown some fields only
// (envelope.Body.Into). A sender fills all that Check asks for.

// A MaterialRequest is exchange 1, DM to MS (M_DM-MS).
type MaterialRequest struct {
	Material string `json:"material,omitzero"`
	Product  string `json:"product,omitzero"`  // what it is wanted for
	Quantity string `json:"quantity,omitzero"` // withheld from the ledger
}

// A MaterialSupply is exchange 2, MS to DM (M_MS-DM with ID_MUI and production date).
// It may carry registrations of paper 001 and for each a consignment, the transaction
// information, HPKE to the receiver; so may a Distribution and a Dispatch.
type MaterialSupply struct {
	Consignments  []canon.Bytes  `json:"consignments,omitzero"` // withheld
	Lots          []SuppliedLot  `json:"lots,omitzero"`
	Material      string         `json:"material,omitzero"`
	Quantity      string         `json:"quantity,omitzero"` // withheld
	Registrations []canon.Digest `json:"registrations,omitzero"`
}

// A SuppliedLot is a lot of material with its production date and the digest of
// its certificate of analysis.
type SuppliedLot struct {
	Analysis canon.Digest `json:"analysis"`
	GTIN     gs1.GTIN     `json:"gtin"`
	Lot      gs1.Lot      `json:"lot"`
	Produced string       `json:"produced"` // YYYY-MM-DD
}

// ID returns the lot's name, the paper's ID_MUI.
func (l *SuppliedLot) ID() gs1.LGTIN { return gs1.LGTIN{GTIN: l.GTIN, Lot: l.Lot} }

// A Dossier is exchange 3, DM to DA (M_DM-DA).
type Dossier struct {
	Documents canon.Digest `json:"documents,omitzero"` // Merkle root over the documents
	GTINs     []gs1.GTIN   `json:"gtins,omitzero"`     // rising
	Materials []gs1.LGTIN  `json:"materials,omitzero"` // lots used in development and trials
	Product   string       `json:"product,omitzero"`
	Sealed    canon.Bytes  `json:"sealed,omitzero"` // the documents, HPKE to the DA; withheld
}

// What a decision can be.
const (
	Approved = "approved"
	Refused  = "refused"
	Question = "question"
)

// A Decision is exchange 4, DA to DM (M_DA-DM with Cert_D).
type Decision struct {
	Certificate string `json:"certificate,omitzero"` // Cert_D, if approved
	Decision    string `json:"decision,omitzero"`
	Reasons     string `json:"reasons,omitzero"` // of a refusal, or the question; withheld
}

// A Distribution is exchange 5, DM to DD (M_DM-DD with Cert_D and ID_UI).
type Distribution struct {
	Certificate   string         `json:"certificate,omitzero"`  // authorisation number
	Consignments  []canon.Bytes  `json:"consignments,omitzero"` // withheld
	Cost          string         `json:"cost,omitzero"`         // withheld: a salted commitment on the ledger
	Parcels       []Parcel       `json:"parcels,omitzero"`
	Registrations []canon.Digest `json:"registrations,omitzero"`
	SalesMethod   string         `json:"sales_method,omitzero"`
}

// A Parcel is what is handed over of one batch: the paper's ID_UI set, as ranges
// of leaves under the batch's Merkle root.
type Parcel struct {
	Batch  canon.Digest  `json:"batch"`
	Expiry string        `json:"expiry"`
	GTIN   gs1.GTIN      `json:"gtin"`
	Lot    gs1.Lot       `json:"lot"`
	Ranges []chain.Range `json:"ranges"`
}

// A SalesStatus is exchange 6, DD to DM (M_DD-DM).
type SalesStatus struct {
	Counts   []SalesCount  `json:"counts,omitzero"` // withheld
	Expiries []BatchExpiry `json:"expiries,omitzero"`
}

// A SalesCount says what became of the packs of a batch.
type SalesCount struct {
	Batch     canon.Digest `json:"batch"`
	Received  uint64       `json:"received"`
	Remaining uint64       `json:"remaining"`
	Returned  uint64       `json:"returned"`
	Sold      uint64       `json:"sold"`
}

// A BatchExpiry confirms the expiry date of a batch.
type BatchExpiry struct {
	Batch  canon.Digest `json:"batch"`
	Expiry string       `json:"expiry"`
}

// A Dispatch is exchange 7, DD to pharmacy or hospital.
type Dispatch struct {
	Consignments  []canon.Bytes  `json:"consignments,omitzero"` // withheld
	Note          string         `json:"note,omitzero"`         // withheld
	Parcels       []Parcel       `json:"parcels,omitzero"`
	Registrations []canon.Digest `json:"registrations,omitzero"`
}

// A Receipt is exchange 8, the answer to a dispatch. All of it is withheld.
type Receipt struct {
	Differences string       `json:"differences,omitzero"` // none, or what was missing or too much
	Received    []SalesCount `json:"received,omitzero"`
}

// A Content is the body of an exchange, in Go.
type Content interface {
	// Type returns the message type that the content belongs to.
	Type() string
	// Check returns envelope.ErrField unless everything that the contract and
	// the receiver need is there and well formed.
	Check() error
}

// Type returns TypeMaterialRequest.
func (*MaterialRequest) Type() string { return TypeMaterialRequest }

// Type returns TypeMaterialSupply.
func (*MaterialSupply) Type() string { return TypeMaterialSupply }

// Type returns TypeDossier.
func (*Dossier) Type() string { return TypeDossier }

// Type returns TypeDecision.
func (*Decision) Type() string { return TypeDecision }

// Type returns TypeDistribution.
func (*Distribution) Type() string { return TypeDistribution }

// Type returns TypeSalesStatus.
func (*SalesStatus) Type() string { return TypeSalesStatus }

// Type returns TypeDispatch.
func (*Dispatch) Type() string { return TypeDispatch }

// Type returns TypeReceipt.
func (*Receipt) Type() string { return TypeReceipt }

// ContentOf returns an empty content for a message type, or envelope.ErrType.
func ContentOf(typ string) (Content, error) {
	for _, c := range []Content{
		&MaterialRequest{}, &MaterialSupply{}, &Dossier{}, &Decision{},
		&Distribution{}, &SalesStatus{}, &Dispatch{}, &Receipt{}, &ReportNotice{},
	} {
		if c.Type() == typ {
			return c, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", envelope.ErrType, typ)
}

// Read decodes a body, of which fields may be withheld, as the content of its
// type and checks it. The contract's fields must be disclosed.
func Read(typ string, b envelope.Body) (Content, error) {
	c, err := ContentOf(typ)
	if err != nil {
		return nil, err
	}
	if err := b.Into(c); err != nil {
		return nil, fmt.Errorf("%s: %w", typ, err)
	}
	return c, c.Check()
}

const maxText = 200

func bad(field string, why any) error {
	return fmt.Errorf("%w: %s: %v", envelope.ErrField, field, why)
}

// text refuses what could hide something on a screen: control characters too.
func text(field, s string) error {
	if s == "" || len(s) > maxText || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return bad(field, "it needs 1 to 200 bytes of printable text")
	}
	return nil
}

// Day returns the start (UTC) of a date written YYYY-MM-DD, or envelope.ErrField.
func Day(field, s string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, bad(field, "a date is written YYYY-MM-DD")
	}
	return t, nil
}

// Check implements Content.
func (c *MaterialRequest) Check() error {
	if err := text("material", c.Material); err != nil {
		return err
	}
	return text("product", c.Product)
}

const maxItems = 64

// Check implements Content.
func (c *MaterialSupply) Check() error {
	if len(c.Lots) == 0 || len(c.Lots) > maxItems {
		return bad("lots", "1 to 64 lots")
	}
	for _, l := range c.Lots {
		if err := l.ID().Check(); err != nil {
			return bad("lots", err)
		}
		if _, err := Day("produced", l.Produced); err != nil {
			return err
		}
		if l.Analysis.IsZero() {
			return bad("analysis", "the digest of the certificate of analysis is missing")
		}
	}
	if err := checkRegistrations(c.Registrations, c.Consignments); err != nil {
		return err
	}
	return text("material", c.Material)
}

// Check implements Content.
func (c *Dossier) Check() error {
	if c.Documents.IsZero() {
		return bad("documents", "the root of the documents is missing")
	}
	if err := checkGTINs(c.GTINs); err != nil {
		return err
	}
	if len(c.Materials) == 0 || len(c.Materials) > maxItems {
		return bad("materials", "1 to 64 lots")
	}
	for _, l := range c.Materials {
		if err := l.Check(); err != nil {
			return bad("materials", err)
		}
	}
	return text("product", c.Product)
}

func checkGTINs(gtins []gs1.GTIN) error {
	if len(gtins) == 0 || len(gtins) > maxItems {
		return bad("gtins", "1 to 64 GTIN")
	}
	for i, g := range gtins {
		if err := g.Check(); err != nil {
			return bad("gtins", err)
		}
		if i > 0 && gtins[i-1] >= g {
			return bad("gtins", "they do not rise")
		}
	}
	return nil
}

// Check implements Content.
func (c *Decision) Check() error {
	switch c.Decision {
	case Approved:
		if c.Certificate == "" {
			return bad("certificate", "an approval carries one")
		}
	case Refused, Question:
		if c.Certificate != "" {
			return bad("certificate", "only an approval carries one")
		}
	default:
		return bad("decision", "approved, refused or question")
	}
	return nil
}

// Check implements Content.
func (c *Distribution) Check() error {
	if err := text("certificate", c.Certificate); err != nil {
		return err
	}
	if err := text("sales_method", c.SalesMethod); err != nil {
		return err
	}
	if err := checkRegistrations(c.Registrations, c.Consignments); err != nil {
		return err
	}
	return checkParcels(c.Parcels)
}

// Check implements Content.
func (c *Dispatch) Check() error {
	if err := checkRegistrations(c.Registrations, c.Consignments); err != nil {
		return err
	}
	return checkParcels(c.Parcels)
}

const maxRegistrations = 64

func checkRegistrations(ids []canon.Digest, consignments []canon.Bytes) error {
	for i, id := range ids {
		if i >= maxRegistrations || id.IsZero() || slices.Contains(ids[:i], id) {
			return bad("registrations", "at most 64, each once")
		}
	}
	// The ledger sees the registrations only.
	if n := len(consignments); n != 0 && n != len(ids) {
		return bad("consignments", "one a registration")
	}
	return nil
}

func checkParcels(parcels []Parcel) error {
	if len(parcels) == 0 || len(parcels) > maxItems {
		return bad("parcels", "1 to 64 parcels")
	}
	for i, p := range parcels {
		if err := (gs1.LGTIN{GTIN: p.GTIN, Lot: p.Lot}).Check(); err != nil {
			return bad("parcels", err)
		}
		if _, err := Day("expiry", p.Expiry); err != nil {
			return err
		}
		if err := CheckRanges(p.Ranges, 1<<40); err != nil {
			return err
		}
		if slices.ContainsFunc(parcels[:i], func(q Parcel) bool { return q.Batch == p.Batch }) {
			return bad("parcels", "one parcel a batch")
		}
	}
	return nil
}

// CheckRanges returns envelope.ErrField unless the ranges, at most 1,024, rise,
// do not touch and end at size or before: a set of packs has one spelling.
func CheckRanges(ranges []chain.Range, size uint64) error {
	if len(ranges) == 0 || len(ranges) > 1024 {
		return bad("ranges", "1 to 1,024 ranges")
	}
	for i, r := range ranges {
		if r.From >= r.To || r.To > size || i > 0 && r.From <= ranges[i-1].To {
			return bad("ranges", fmt.Sprintf("[%d, %d) does not fit", r.From, r.To))
		}
	}
	return nil
}

// Check implements Content.
func (c *SalesStatus) Check() error {
	if len(c.Expiries) == 0 || len(c.Expiries) > maxItems {
		return bad("expiries", "1 to 64 batches")
	}
	for _, e := range c.Expiries {
		if _, err := Day("expiry", e.Expiry); err != nil {
			return err
		}
	}
	return nil
}

// Check implements Content.
func (*Receipt) Check() error { return nil }
