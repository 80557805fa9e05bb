package redteam

import (
	"crypto"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/internal/journey"
	"theriac/pedigree"
)

// A flight is a message on its way: signed by its sender, not yet received.
type flight struct {
	number   int // of the exchange
	from, to *party
	signer   crypto.Signer
	claims   envelope.Claims
	body     envelope.Body
	raw      []byte
}

func newID() canon.ID {
	var id canon.ID
	// crypto/rand never fails.
	_, _ = rand.Read(id[:])
	return id
}

// lifetime is that of the product's signatures.
const lifetime = 5 * time.Minute

// message makes a message of a content as its sender would.
func message(t testing.TB, from, to *party, c string, content pedigree.Content, prev ...canon.Digest) *flight {
	t.Helper()
	x, err := pedigree.Find(content.Type())
	if err != nil {
		t.Fatal(err)
	}
	body, err := envelope.BodyOf(content, newID)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	f := &flight{number: x.Number, from: from, to: to, signer: from.signer(t), body: body, claims: envelope.Claims{
		Audience: to.GLN, Case: c, Expires: now.Add(lifetime).Unix(), IssuedAt: now.Unix(), Issuer: from.GLN,
		ID: newID(), Prev: append([]canon.Digest{}, prev...), Type: x.Type,
	}}
	f.claims.BodyDigest = body.Digest()
	f.raw = f.sign(t, f.signer, f.claims)
	return f
}

// sign returns the message with other claims or by another signer.
func (f *flight) sign(t testing.TB, s crypto.Signer, c envelope.Claims) []byte {
	t.Helper()
	m, err := envelope.Sign(s, c, f.body)
	if err != nil {
		t.Fatal(err)
	}
	return encode(t, m.Envelope, f.body)
}

// envelope returns the signed claims.
func (f *flight) envelope(t testing.TB) *envelope.Envelope {
	t.Helper()
	m, err := envelope.DecodeMessage(f.raw)
	if err != nil {
		t.Fatal(err)
	}
	return m.Envelope
}

func encode(t testing.TB, e *envelope.Envelope, b envelope.Body) []byte {
	t.Helper()
	raw, err := (&envelope.Message{Body: b, Envelope: e}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// String names the flight in failures.
func (f *flight) String() string { return fmt.Sprintf("exchange %d (%s)", f.number, f.claims.Type) }

// A walk is a fresh case: a medicine of its own goes through the exchanges. before
// sees each message in flight, after sees it anchored; either may be nil.
type walk struct {
	w             *world
	before, after func(*flight, *api.Receipt)
	packs         uint64
	codes         bool // packs have concealed codes
	last          int  // exchange; 0: 6, the paper's

	id          string // ID_BC
	certificate string
	product     gs1.GTIN
	lot         gs1.Lot
	material    gs1.LGTIN
	batch       canon.Digest
	bc          [9]canon.Digest // anchors by exchange
}

// run takes the medicine through the exchanges. Every message that the attacker
// saw is delivered unharmed in the end and must be taken: else a test could pass
// because nothing would have been.
func (k *walk) run(t *testing.T) *walk {
	t.Helper()
	n := k.w.serial()
	k.id, k.certificate, k.lot = fmt.Sprintf("case-%d", n), fmt.Sprintf("RT/%d", n), gs1.Lot(fmt.Sprintf("R%d", n))
	k.product = item(journey.ManufacturerPrefix, fmt.Sprintf("%04d", n))
	k.material = gs1.LGTIN{GTIN: item(journey.SupplierPrefix, "0001"), Lot: gs1.Lot(fmt.Sprintf("M%d", n))}
	if k.packs == 0 {
		k.packs = 20
	}
	if k.last == 0 {
		k.last = 6
	}
	for i := 1; i <= k.last; i++ {
		k.step(t, i)
	}
	return k
}

func (k *walk) step(t *testing.T, number int) {
	t.Helper()
	w := k.w
	var f *flight
	switch number {
	case 1:
		f = message(t, w.dm, w.ms, k.id, &pedigree.MaterialRequest{Material: "acetylsalicylic acid", Product: "Theriacin", Quantity: "25 kg"})
	case 2:
		f = message(t, w.ms, w.dm, k.id, &pedigree.MaterialSupply{Material: "acetylsalicylic acid", Quantity: "25 kg", Lots: []pedigree.SuppliedLot{{
			Analysis: canon.Sum([]byte("analysis")), GTIN: k.material.GTIN, Lot: k.material.Lot, Produced: "2026-10-01",
		}}}, k.bc[1])
	case 3:
		f = message(t, w.dm, w.da, k.id, k.dossier(t), k.bc[2])
	case 4:
		f = message(t, w.da, w.dm, k.id, &pedigree.Decision{Certificate: k.cert(t, w.da, w.da.signer(t), k.product), Decision: pedigree.Approved}, k.bc[3])
	case 5:
		k.release(t)
		f = message(t, w.dm, w.dd, k.id, k.distribution(), k.bc[4])
	case 6:
		f = message(t, w.dd, w.dm, k.id, &pedigree.SalesStatus{
			Counts:   []pedigree.SalesCount{{Batch: k.batch, Received: k.packs, Remaining: k.packs}},
			Expiries: []pedigree.BatchExpiry{{Batch: k.batch, Expiry: k.expiry()}},
		}, k.bc[5])
	case 7:
		f = message(t, w.dd, w.pharmacy, k.id, &pedigree.Dispatch{Note: "pallet 7", Parcels: k.distribution().Parcels}, k.bc[5])
	case 8:
		f = message(t, w.pharmacy, w.dd, k.id, &pedigree.Receipt{Differences: "none"}, k.bc[7])
	}
	if k.before != nil {
		k.before(f, nil)
	}
	r := w.accepted(t, f.to, f.String(), f.raw)
	k.bc[number] = r.BC
	if k.after != nil {
		k.after(f, &r)
	}
}

func (k *walk) documents() []pedigree.Document {
	return []pedigree.Document{{Name: "trial.txt", Media: "text/plain", Bytes: []byte("Trial RT-1.")}}
}

func (k *walk) dossier(t testing.TB) *pedigree.Dossier {
	t.Helper()
	seal, err := k.w.da.store(t).SealKey("seal")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := pedigree.SealDossier(k.documents(), k.w.dm.GLN, k.w.da.GLN, seal.PublicKey().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return &pedigree.Dossier{
		Documents: pedigree.DocumentsRoot(k.documents()), GTINs: []gs1.GTIN{k.product}, Materials: []gs1.LGTIN{k.material},
		Product: "Theriacin", Sealed: sealed,
	}
}

const chainName = "theriac-demo"

// cert returns a Cert_D of the case for a product, as issuer would sign it.
func (k *walk) cert(t testing.TB, issuer *party, s crypto.Signer, product gs1.GTIN) string {
	t.Helper()
	c := pedigree.NewCredential(chainName, issuer.GLN, pedigree.Authorisation{
		Dossier: pedigree.DocumentsRoot(k.documents()), Form: "tablet", GTINs: []gs1.GTIN{product}, Holder: gs1.GLN(k.w.dm.GLN),
		Markets: []string{"DE"}, Name: "Theriacin", NationalCode: "12345678", Number: k.certificate,
		Sites: []gs1.GLN{gs1.GLN(k.w.dm.GLN)}, Strength: "500 mg", Substance: "acetylsalicylic acid",
	}, time.Now().Add(-time.Minute).Truncate(time.Second), time.Now().AddDate(5, 0, 0).Truncate(time.Second))
	raw, err := c.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (k *walk) expiry() string { return time.Now().AddDate(3, 0, 0).Format(time.DateOnly) }

// order is the release of the batch.
func (k *walk) order() api.Release {
	return api.Release{
		Certificate: k.certificate, Expiry: k.expiry(), GTIN: k.product, Inputs: []gs1.LGTIN{k.material}, Lot: k.lot,
		Materials: []canon.Digest{k.bc[2]}, Site: gs1.GLN(k.w.dm.GLN), Size: k.packs, Codes: k.codes,
	}
}

func (k *walk) release(t testing.TB) {
	t.Helper()
	j, err := client.Post[api.Job](t.Context(), k.w.dm.API, "/v1/batches", "", k.order())
	if err == nil {
		j, err = k.w.dm.API.Watch(t.Context(), j.ID.String(), func(api.Job) {})
	}
	if err != nil || j.State != "done" {
		t.Fatalf("release: %+v, %v", j, err)
	}
	if k.batch, err = canon.ParseDigest(j.Result); err != nil {
		t.Fatal(err)
	}
}

func (k *walk) distribution() *pedigree.Distribution {
	return &pedigree.Distribution{Certificate: k.certificate, Cost: "12000.00 EUR", SalesMethod: "prescription", Parcels: []pedigree.Parcel{{
		Batch: k.batch, Expiry: k.expiry(), GTIN: k.product, Lot: k.lot, Ranges: []chain.Range{{From: 0, To: k.packs}},
	}}}
}

// code returns what is printed on a pack.
func (k *walk) code(t testing.TB, index uint64) string {
	t.Helper()
	packs := get[[]api.Printed](t, k.w.dm, "/v1/batches/"+k.batch.String()+"/packs", nil)
	return (*packs)[index].Code
}
