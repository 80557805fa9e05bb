package pedigree_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// A tale is the paper's history before anybody has signed it: a test changes what
// somebody will say, has it told, and may change what is told. No ledger looks on,
// so that what a ledger would never admit can be shown to the third party.
type tale struct {
	t *testing.T

	da, ms, dm, dd, pharmacy, stranger *ledgertest.Org
	holders                            map[canon.Digest]envelope.Holder

	request      *pedigree.MaterialRequest
	supply       *pedigree.MaterialSupply
	dossier      *pedigree.Dossier
	decision     *pedigree.Decision
	distribution *pedigree.Distribution
	status       *pedigree.SalesStatus
	dispatch     *pedigree.Dispatch
	receipt      *pedigree.Receipt

	authorisation pedigree.Authorisation
	issuer        *ledgertest.Org // named in Cert_D
	certifier     *ledgertest.Org // who signs Cert_D
	from, until   time.Time
	batch         chain.Batch
	batchID       canon.Digest
	also          [9][]canon.Digest // further predecessors, by exchange

	now   time.Time
	links []pedigree.Link
}

const (
	number  = "EU/1/26/001"
	expiry  = "2029-03-31"
	theCase = "theriacin-500"
)

var (
	product  = gs1.GTIN(ledgertest.WithCheckDigit("0400000300001"))
	product2 = gs1.GTIN(ledgertest.WithCheckDigit("0400000300002"))
	material = gs1.LGTIN{GTIN: gs1.GTIN(ledgertest.WithCheckDigit("0400000200001")), Lot: "ASA-7"}
)

func newTale(t *testing.T) *tale {
	t.Helper()
	s := &tale{
		t:        t,
		da:       ledgertest.NewOrg(t, "Drug administration", "400000000001", nil, chain.Administration),
		ms:       ledgertest.NewOrg(t, "Material supplier", "400000000002", nil, chain.Supplier),
		dm:       ledgertest.NewOrg(t, "Drug manufacturer", "400000000003", nil, chain.Manufacturer),
		dd:       ledgertest.NewOrg(t, "Drug distributor", "400000000004", nil, chain.Distributor),
		pharmacy: ledgertest.NewOrg(t, "Pharmacy", "400000000005", nil, chain.Pharmacy),
		stranger: ledgertest.NewOrg(t, "Another manufacturer", "400000000006", nil, chain.Manufacturer),
		now:      time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC),
		holders:  map[canon.Digest]envelope.Holder{},
	}
	for _, o := range s.orgs() {
		k := s.key(o)
		s.holders[k.ID()] = envelope.Holder{Key: k, Member: o.GLN, From: s.now.Add(-time.Hour)}
	}
	s.batchID = chain.BatchID(s.dm.GLN, product, "L42")
	parcels := []pedigree.Parcel{{
		Batch: s.batchID, Expiry: expiry, GTIN: product, Lot: "L42", Ranges: []chain.Range{{From: 10, To: 20}},
	}}
	s.request = &pedigree.MaterialRequest{Material: "acetylsalicylic acid", Product: "Theriacin", Quantity: "25 kg"}
	s.supply = &pedigree.MaterialSupply{
		Lots:     []pedigree.SuppliedLot{{Analysis: canon.Sum(nil), GTIN: material.GTIN, Lot: material.Lot, Produced: "2026-10-01"}},
		Material: "acetylsalicylic acid",
	}
	s.dossier = &pedigree.Dossier{
		Documents: canon.Sum([]byte("documents")), GTINs: []gs1.GTIN{product}, Materials: []gs1.LGTIN{material}, Product: "Theriacin",
	}
	s.decision = &pedigree.Decision{Decision: pedigree.Approved}
	s.distribution = &pedigree.Distribution{Certificate: number, Cost: "1 EUR", Parcels: parcels, SalesMethod: "prescription"}
	s.status = &pedigree.SalesStatus{Expiries: []pedigree.BatchExpiry{{Batch: s.batchID, Expiry: expiry}}}
	s.dispatch = &pedigree.Dispatch{Parcels: slices.Clone(parcels)}
	s.receipt = &pedigree.Receipt{Differences: "none"}
	s.issuer, s.certifier = s.da, s.da
	s.from, s.until = s.now, s.now.AddDate(5, 0, 0)
	s.authorisation = pedigree.Authorisation{
		Dossier: s.dossier.Documents, Form: "tablet", GTINs: []gs1.GTIN{product}, Holder: gs1.GLN(s.dm.GLN), Markets: []string{"DE"},
		Name: "Theriacin", NationalCode: "12345678", Number: number, Sites: []gs1.GLN{gs1.GLN(s.dm.GLN)}, Strength: "500 mg",
		Substance: "acetylsalicylic acid",
	}
	s.batch = chain.Batch{
		Release: chain.BatchRelease{GTIN: product, Lot: "L42", Expiry: expiry, Size: 100, Certificate: number, Initial: chain.UnitActive},
		Holder:  s.dm.GLN, At: chain.Millis(s.now.Add(time.Minute)), Status: chain.Released,
	}
	return s
}

func (s *tale) orgs() []*ledgertest.Org {
	return []*ledgertest.Org{s.da, s.ms, s.dm, s.dd, s.pharmacy, s.stranger}
}

func (s *tale) key(o *ledgertest.Org) envelope.Key {
	s.t.Helper()
	k, err := envelope.KeyOf(o.Key)
	if err != nil {
		s.t.Fatal(err)
	}
	return k
}

// say has one party sign and the other anchor, a minute after what was said last.
func (s *tale) say(from, to *ledgertest.Org, c pedigree.Content, prev ...canon.Digest) canon.Digest {
	s.t.Helper()
	s.now = s.now.Add(time.Minute)
	l := s.link(from, to, c, prev...)
	s.links = append(s.links, l)
	return l.Message.Digest()
}

func (s *tale) link(from, to *ledgertest.Org, c pedigree.Content, prev ...canon.Digest) pedigree.Link {
	s.t.Helper()
	body, err := envelope.BodyOf(c, ledgertest.NewID)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.sign(from, to, body, envelope.Claims{Audience: to.GLN, Issuer: from.GLN, Type: c.Type(), Prev: append([]canon.Digest{}, prev...)})
}

// sign completes the claims, signs them with the key of from, and anchors with
// the key of to, whatever the claims say.
func (s *tale) sign(from, to *ledgertest.Org, body envelope.Body, c envelope.Claims) pedigree.Link {
	s.t.Helper()
	if c.Case == "" {
		c.Case = theCase
	}
	c.IssuedAt, c.Expires, c.ID = s.now.Unix(), s.now.Add(time.Hour).Unix(), ledgertest.NewID()
	m, err := envelope.Sign(from.Key, c, body)
	if err != nil {
		s.t.Fatal(err)
	}
	anchor, err := envelope.ParseSign1(to.Anchor(s.now, m), chain.TxType)
	if err != nil {
		s.t.Fatal(err)
	}
	x, err := pedigree.Find(c.Type)
	if err != nil {
		s.t.Fatal(err)
	}
	return pedigree.Link{
		Type: c.Type, Message: m.Envelope, Body: m.Body.Disclose(x.Discloses...), PaperBC: m.Envelope.PaperDigest(),
		Anchor: anchor, Anchorer: to.GLN, Anchored: s.now,
	}
}

// tell has everybody sign, and returns what a third party is shown.
func (s *tale) tell() *pedigree.History {
	s.t.Helper()
	if s.decision.Certificate == "" && s.decision.Decision == pedigree.Approved {
		s.decision.Certificate = s.certify()
	}
	with := func(n int, prev ...canon.Digest) []canon.Digest { return append(prev, s.also[n]...) }
	request := s.say(s.dm, s.ms, s.request, with(1)...)
	supply := s.say(s.ms, s.dm, s.supply, request)
	dossier := s.say(s.dm, s.da, s.dossier, with(3, supply)...)
	decision := s.say(s.da, s.dm, s.decision, dossier)
	distribution := s.say(s.dm, s.dd, s.distribution, with(5, decision)...)
	s.say(s.dd, s.dm, s.status, distribution)
	dispatch := s.say(s.dd, s.pharmacy, s.dispatch, distribution)
	s.say(s.pharmacy, s.dd, s.receipt, dispatch)
	if s.batch.Release.Materials == nil {
		s.batch.Release.Materials = []canon.Digest{supply}
	}
	record := &chain.Certificate{
		Number: number, Issuer: s.da.GLN, Holder: s.dm.GLN, GTINs: []gs1.GTIN{product}, Digest: canon.Sum([]byte(s.decision.Certificate)),
		Anchor: decision, From: chain.Millis(s.from), Until: chain.Millis(s.until), Status: chain.CertificateValid,
	}
	return &pedigree.History{Links: s.links, Facts: pedigree.Facts{
		Chain: ledgertest.ChainID, Now: s.now.Add(time.Minute), Logged: true, Holder: s.holder, Member: s.member,
		Certificate: record, BatchID: s.batchID, Batch: &s.batch, Index: 15, Custodian: s.pharmacy.GLN,
	}}
}

// certify returns Cert_D as the tale has it.
func (s *tale) certify() string {
	s.t.Helper()
	c := pedigree.NewCredential(ledgertest.ChainID, s.issuer.GLN, s.authorisation, s.from, s.until)
	raw, err := c.Sign(s.certifier.Key)
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

func (s *tale) holder(kid canon.Digest) (envelope.Holder, error) {
	h, ok := s.holders[kid]
	if !ok {
		return h, envelope.ErrUnknownKey
	}
	return h, nil
}

func (s *tale) member(gln string) (*chain.Member, error) {
	for _, o := range s.orgs() {
		if o.GLN == gln {
			return &chain.Member{GLN: gln, Name: o.Name, Roles: o.Roles}, nil
		}
	}
	return nil, errors.New("no such member")
}

// change changes what is known of an organisation's key.
func (s *tale) change(o *ledgertest.Org, do func(*envelope.Holder)) {
	id := s.key(o).ID()
	h := s.holders[id]
	do(&h)
	s.holders[id] = h
}

// at returns the link of an exchange by its number in the paper's order, 1 to 8.
func at(h *pedigree.History, n int) *pedigree.Link { return &h.Links[n-1] }

// want is what a history is to come to: whom a step blames, and why.
type want struct {
	step   pedigree.Step
	blame  chain.Role
	proven bool
	reason error
}

func (w want) check(t *testing.T, got *pedigree.Failure) {
	t.Helper()
	if got == nil {
		t.Fatalf("Verify = nil, want %v", w)
	}
	if got.Step != w.step || got.Blame != w.blame || got.Proven != w.proven || !errors.Is(got, w.reason) {
		t.Errorf("Verify = step %s, blame %s, proven %t: %v; want %v", got.Step, got.Blame, got.Proven, got, w)
	}
}
