package ledgertest

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/epcis"
	"theriac/gs1"
	"theriac/merkle"
	"theriac/pedigree"
)

// A World is a chain with one member of each of the paper's roles, and the
// messages that they have exchanged so far.
type World struct {
	*Chain
	BCC, DA, MS, DM, DD, Pharmacy, Hospital *Org

	Product gs1.GTIN
	Lot     gs1.LGTIN // of material

	Request, Supply, Dossier, Decision       *envelope.Message
	Distribution, Status, Dispatch, Received *envelope.Message

	Release        chain.BatchRelease
	Transformation []byte // the event that turned material into the batch
	Batch          canon.Digest
	Packs          []pedigree.Pack // in order of their leaves
	Leaves         []merkle.Hash
	stored         []merkle.Hash // of the batch's tree, for proofs
}

// Number is the authorisation number of the world's Cert_D.
const Number = "EU/1/26/001"

// Case is the ID_BC of the world's exchanges.
const Case = "theriacin-500"

// NewWorld admits an organisation for each role.
func NewWorld(t TB) *World {
	t.Helper()
	w := &World{
		BCC:      NewOrg(t, "Consortium office", "400000000000", nil, chain.Governor),
		DA:       NewOrg(t, "Drug administration", "400000000001", nil, chain.Administration),
		MS:       NewOrg(t, "Material supplier", "400000000002", []string{"40000020"}, chain.Supplier),
		DM:       NewOrg(t, "Drug manufacturer", "400000000003", []string{"40000030"}, chain.Manufacturer),
		DD:       NewOrg(t, "Drug distributor", "400000000004", nil, chain.Distributor),
		Pharmacy: NewOrg(t, "Pharmacy", "400000000005", nil, chain.Pharmacy),
		Hospital: NewOrg(t, "Hospital", "400000000006", nil, chain.Hospital),
		Product:  gs1.GTIN(WithCheckDigit("0400000300001")),
		Lot:      gs1.LGTIN{GTIN: gs1.GTIN(WithCheckDigit("0400000200001")), Lot: "ASA-7"},
	}
	w.Chain = NewChain(t, time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), w.BCC)
	for _, o := range []*Org{w.DA, w.MS, w.DM, w.DD, w.Pharmacy, w.Hospital} {
		w.Join(o)
	}
	return w
}

// Fork returns a copy of the world that goes its own way, for another test.
func (w *World) Fork(t TB) *World {
	c, f := *w.Chain, *w
	c.T, c.State = t, w.State.Clone()
	f.Chain = &c
	for _, o := range []**Org{&f.BCC, &f.DA, &f.MS, &f.DM, &f.DD, &f.Pharmacy, &f.Hospital} {
		*o = (*o).For(t)
	}
	return &f
}

// Join has the governor admit an organisation.
func (w *World) Join(o *Org) {
	w.T.Helper()
	m := o.Apply(w.Now)
	body, err := canon.CBOR(m.Body)
	if err != nil {
		w.T.Fatal(err)
	}
	w.Admit(w.BCC.Tx(w.Now, chain.KindPropose, chain.Propose{
		Action: chain.Action{Admit: &chain.Application{Message: m.Envelope.Raw(), Body: body}},
	}))
}

// exchange signs and anchors a message.
func (w *World) exchange(from, to *Org, content pedigree.Content, prev ...*envelope.Message) *envelope.Message {
	w.T.Helper()
	m := from.Message(w.Now, Case, to, content, prev...)
	w.Admit(to.Anchor(w.Now, m))
	return m
}

// Develop makes exchanges 1 and 2.
func (w *World) Develop() {
	w.T.Helper()
	w.Request = w.exchange(w.DM, w.MS, &pedigree.MaterialRequest{Material: "acetylsalicylic acid", Product: "Theriacin", Quantity: "25 kg"})
	w.Supply = w.exchange(w.MS, w.DM, &pedigree.MaterialSupply{
		Lots:     []pedigree.SuppliedLot{{Analysis: canon.Sum([]byte("analysis")), GTIN: w.Lot.GTIN, Lot: w.Lot.Lot, Produced: "2026-10-01"}},
		Material: "acetylsalicylic acid", Quantity: "25 kg",
	}, w.Request)
}

// Dossiers is the content of the world's dossier.
func (w *World) Dossiers() *pedigree.Dossier {
	return &pedigree.Dossier{
		Documents: canon.Sum([]byte("trial documents")), GTINs: []gs1.GTIN{w.Product},
		Materials: []gs1.LGTIN{w.Lot}, Product: "Theriacin", Sealed: []byte("sealed"),
	}
}

// Approve makes exchanges 3 and 4.
func (w *World) Approve() {
	w.T.Helper()
	d := w.Dossiers()
	w.Dossier = w.exchange(w.DM, w.DA, d, w.Supply)
	cert := w.DA.Credential(w.DM, d.Documents, Number, w.Now, w.Product)
	w.Decision = w.exchange(w.DA, w.DM, &pedigree.Decision{Certificate: cert, Decision: pedigree.Approved}, w.Dossier)
}

// Make releases a batch of size packs.
func (w *World) Make(lot gs1.Lot, size int) {
	w.T.Helper()
	w.Pack(lot, size)
	w.Admit(w.DM.Tx(w.Now, chain.KindBatch, w.Release))
}

// Pack prepares a batch without releasing it.
func (w *World) Pack(lot gs1.Lot, size int) {
	w.T.Helper()
	var err error
	w.Transformation, err = epcis.NewTransformation(epcis.Transformation{
		ID: "urn:uuid:00000000-0000-4000-8000-000000000000", Time: w.Now, Offset: "+00:00", ReadPoint: gs1.GLN(w.DM.GLN),
		Inputs: []gs1.LGTIN{w.Lot}, Output: gs1.LGTIN{GTIN: w.Product, Lot: lot},
	})
	if err != nil {
		w.T.Fatal(err)
	}
	w.Batch = chain.BatchID(w.DM.GLN, w.Product, lot)
	secret := pedigree.NewBatchSecret([]byte("master"), w.Batch)
	w.Packs, w.Leaves, w.stored = nil, nil, nil
	for i := range size {
		serial := gs1.Serial(fmt.Sprintf("S%06d", i))
		w.Packs = append(w.Packs, pedigree.Pack{
			Expiry: "2029-03-31", GTIN: w.Product, Lot: lot, Salt: secret.Salt(string(serial)), Serial: serial,
		})
	}
	slices.SortFunc(w.Packs, func(a, b pedigree.Pack) int {
		x, y := a.Leaf(), b.Leaf()
		return bytes.Compare(x[:], y[:])
	})
	tree := merkle.Builder{Stored: func(h merkle.Hash) { w.stored = append(w.stored, h) }}
	for i := range w.Packs {
		w.Leaves = append(w.Leaves, w.Packs[i].Leaf())
		tree.Append(w.Leaves[i])
	}
	w.Release = chain.BatchRelease{
		GTIN: w.Product, Lot: lot, Expiry: "2029-03-31", Size: uint64(size), Root: tree.Root(),
		Certificate: Number, Transformation: canon.Sum(w.Transformation), Initial: chain.UnitActive,
		Materials: []canon.Digest{w.Supply.Envelope.Digest()},
	}
}

// Parcel names packs of the batch.
func (w *World) Parcel(from, to uint64) pedigree.Parcel {
	return pedigree.Parcel{
		Batch: w.Batch, Expiry: w.Release.Expiry, GTIN: w.Release.GTIN, Lot: w.Release.Lot,
		Ranges: []chain.Range{{From: from, To: to}},
	}
}

// Distribute makes exchanges 5 and 6 for packs [from, to).
func (w *World) Distribute(from, to uint64) {
	w.T.Helper()
	w.Distribution = w.exchange(w.DM, w.DD, &pedigree.Distribution{
		Certificate: Number, Cost: "12000.00 EUR", Parcels: []pedigree.Parcel{w.Parcel(from, to)}, SalesMethod: "prescription",
	}, w.Decision)
	w.Status = w.exchange(w.DD, w.DM, &pedigree.SalesStatus{
		Counts:   []pedigree.SalesCount{{Batch: w.Batch, Received: to - from, Remaining: to - from}},
		Expiries: []pedigree.BatchExpiry{{Batch: w.Batch, Expiry: w.Release.Expiry}},
	}, w.Distribution)
}

// Deliver makes exchanges 7 and 8 for packs [from, to).
func (w *World) Deliver(from, to uint64) {
	w.T.Helper()
	w.Dispatch = w.exchange(w.DD, w.Pharmacy, &pedigree.Dispatch{Parcels: []pedigree.Parcel{w.Parcel(from, to)}}, w.Distribution)
	w.Received = w.exchange(w.Pharmacy, w.DD, &pedigree.Receipt{
		Differences: "none", Received: []pedigree.SalesCount{{Batch: w.Batch, Received: to - from, Remaining: to - from}},
	}, w.Dispatch)
}

// Story makes all eight exchanges for a batch of size packs, of which half go to
// the distributor and a quarter to the pharmacy.
func (w *World) Story(size int) {
	w.T.Helper()
	w.Develop()
	w.Approve()
	w.Make("L42", size)
	w.Distribute(0, uint64(size)/2)
	w.Deliver(0, uint64(size)/4)
}

// Show returns the transition of packs that somebody scanned.
func (w *World) Show(from, to chain.UnitState, indexes ...uint64) chain.Units {
	w.T.Helper()
	proof, err := merkle.ProveMulti(uint64(len(w.Leaves)), indexes, func(at []int64) ([]merkle.Hash, error) {
		out := make([]merkle.Hash, len(at))
		for i, x := range at {
			out[i] = w.stored[x]
		}
		return out, nil
	})
	if err != nil {
		w.T.Fatal(err)
	}
	u := chain.Units{Batch: w.Batch, From: from, To: to, Indexes: indexes, Proof: proof}
	for _, i := range indexes {
		u.Packs = append(u.Packs, w.Packs[i].Digest())
	}
	return u
}
