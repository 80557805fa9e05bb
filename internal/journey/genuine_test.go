package journey

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/organisation"
	"theriac/merkle"
	"theriac/refusal"
)

// A meter measures things of a product line and speaks HTTP, as the program's does;
// what it reads is set by the test. Its line key comes sealed from the maker's API.
type meter struct {
	chain.Device
	key     *ecdsa.PrivateKey
	open    hpke.PrivateKey
	line    *genuine.LineKey
	reads   []genuine.Reading
	address string
}

func newDevice(t *testing.T, operator *Actor) *meter {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	seal, err := hpke.DHKEM(ecdh.P256()).GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	pub, err := envelope.KeyOf(key)
	if err != nil {
		t.Fatal(err)
	}
	d := &meter{Device: chain.Device{Point: pub.Point(), Seal: seal.PublicKey().Bytes(), Operator: operator.GLN}, key: key, open: seal}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/device", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(api.Device{ID: d.id()})
	})
	mux.HandleFunc("POST /v1/measure", d.measure)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	d.address = server.URL
	return d
}

func (d *meter) id() canon.Digest {
	key, err := envelope.ParseKey(d.Point)
	if err != nil {
		panic(err) // it was made of a key
	}
	return key.ID()
}

func (d *meter) measure(w http.ResponseWriter, r *http.Request) {
	var asked api.Challenge
	err := json.NewDecoder(r.Body).Decode(&asked)
	var c *genuine.Challenge
	if err == nil {
		c, err = genuine.OpenChallenge(&d.Device, d.open, asked.Challenge)
	}
	var a *genuine.Answer
	if err == nil {
		a, err = d.line.Answer(c, d.reads, d.key)
	}
	if err != nil {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_ = json.NewEncoder(w).Encode(api.Problem{Code: refusal.Code(err), Detail: err.Error(), Status: http.StatusUnprocessableEntity})
		return
	}
	_ = json.NewEncoder(w).Encode(a)
}

// admitted takes the device's key from the maker's API.
func (d *meter) admitted(t *testing.T, maker *Actor, line canon.Digest, chainID string) {
	t.Helper()
	anybody, err := client.New(maker.Endpoint, "")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := client.Get[api.LineKeys](t.Context(), anybody, "/v1/lines/"+line.String()+"/keys/"+d.id().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &keys.Line
	record := &chain.Line{Maker: l.Maker, Put: chain.PutLine{GTIN: l.GTIN, Criteria: l.Criteria, Epoch: l.Epoch}}
	if d.line, err = genuine.OpenLineKey(chainID, &d.Device, d.open, record, keys.Items[0].Sealed); err != nil {
		t.Fatal(err)
	}
}

// A mill is the manufacturer's product line in this test, with the devices of it.
type mill struct {
	stage          *Stage
	story          *Story
	chain          string
	maker, carrier *meter
	reads          []genuine.Reading
}

// Seven organisations over their sockets: a product line is put, 100,000 packs are
// registered in one go and shipped, and the distributor measures one by a device.
func TestGenuine(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 1)
	carrier := newDevice(t, &s.Cast.Distributor)
	shut(t, s)
	folder := filepath.Join(dir, "distributor")
	settings, err := organisation.LoadSettings(folder)
	if err != nil {
		t.Fatal(err)
	}
	settings.Devices = []string{carrier.address}
	if err := settings.Save(folder); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, 1)
	defer func() { shut(t, s) }()
	var heard told
	m := &mill{
		stage: s, story: &Story{Cast: s.Cast, Packs: 100_000, Tell: heard.tell}, maker: newDevice(t, &s.Cast.Manufacturer), carrier: carrier,
		reads: []genuine.Reading{{Feature: "mass", Unit: "g", Value: 512_300}},
	}
	m.prepare(t)
	m.putLine(t)
	id := m.register(t)
	m.ship(t, id)

	// What is not legitimate is told so, and stays unverified.
	distributor := s.Cast.Distributor.API
	code, err := m.story.Scan(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	asked := api.Measurement{Code: code, Device: carrier.address, Place: s.Cast.Distributor.GLN}
	carrier.reads = []genuine.Reading{{Feature: "mass", Unit: "g", Value: 400_000}}
	if _, err := client.Post[api.Done](t.Context(), distributor, "/v1/measurements", "", asked); refusal.Code(err) != "not_legitimate" {
		t.Errorf("a counterfeit: %v", err)
	}
	carrier.reads = m.reads
	done, err := client.Post[api.Done](t.Context(), distributor, "/v1/measurements", "first", asked)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := client.Post[api.Done](t.Context(), distributor, "/v1/measurements", "first", asked); err != nil || *again != *done {
		t.Errorf("the same request again: %+v, %v", again, err)
	}
	if _, err := client.Post[api.Done](t.Context(), distributor, "/v1/measurements", "second", asked); refusal.Code(err) != "already_verified" {
		t.Errorf("a second time: %v", err)
	}
	m.checkSeen(t, id)
}

// prepare tells the story up to the batch.
func (m *mill) prepare(t *testing.T) {
	t.Helper()
	st := m.story
	st.Material = gs1.LGTIN{GTIN: item(SupplierPrefix, "0001"), Lot: "ASA-2026-07"}
	st.Product, st.Certificate, st.Lot, st.Case = item(ManufacturerPrefix, "0001"), "DE/GENUINE", "GENUINE", "theriacin-genuine"
	for _, step := range []func(context.Context) error{st.develop, st.approve, st.produce} {
		if err := step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	status, err := client.Get[api.Status](t.Context(), m.stage.Cast.Manufacturer.API, "/v1/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	m.chain = status.Chain
}

// putLine puts the product line with a device here and one at the distributor's.
func (m *mill) putLine(t *testing.T) {
	t.Helper()
	maker := &m.stage.Cast.Manufacturer
	key := &genuine.LineKey{
		Line: chain.LineID(maker.GLN, m.story.Product), Epoch: 1,
		Criteria: []genuine.Criterion{{Feature: "mass", Unit: "g", Low: 500_000, High: 530_000}},
	}
	_, _ = rand.Read(key.J[:])
	_, _ = rand.Read(key.Salt[:])
	criteria, err := key.Digest()
	if err != nil {
		t.Fatal(err)
	}
	u := api.LineUpdate{GTIN: m.story.Product, Criteria: criteria, Epoch: 1}
	for _, d := range []*meter{m.maker, m.carrier} {
		sealed, err := genuine.SealLineKey(m.chain, &d.Device, key)
		if err != nil {
			t.Fatal(err)
		}
		u.Devices = append(u.Devices, api.LineDevice{Point: d.Point, Seal: d.Seal, Operator: d.Operator})
		u.Keys = append(u.Keys, api.LineKey{Device: d.id(), Epoch: 1, Sealed: sealed})
	}
	if _, err := client.Put[api.Line](t.Context(), maker.API, "/v1/lines", u); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*meter{m.maker, m.carrier} {
		d.admitted(t, maker, key.Line, m.chain)
	}
}

// register registers all packs. The first three are measured; of the others the test
// has no need.
func (m *mill) register(t *testing.T) canon.Digest {
	t.Helper()
	c := &m.stage.Cast
	terms := chain.Terms{
		Line: m.maker.line.Line, Epoch: 1, Counter: 1, To: c.Distributor.GLN, Place: c.Distributor.GLN, Batch: m.story.Batch,
		Ranges: []chain.Range{{From: 0, To: m.story.Packs}},
	}
	plan := &genuine.Consignment{
		Chain: m.chain, Counter: 1, Epoch: 1, From: c.Manufacturer.GLN, Line: terms.Line, Place: terms.Place, To: terms.To,
	}
	_, _ = rand.Read(plan.Secret[:])
	marks := make(chain.Hashes, m.story.Packs)
	for i := range marks {
		_, _ = rand.Read(marks[i][:])
	}
	for i := range uint64(3) {
		v, err := m.maker.line.Verification(m.reads, plan.Transaction(i, m.item(t, i)))
		if err != nil {
			t.Fatal(err)
		}
		marks[i] = chain.MarkLeaf(v)
	}
	terms.Root = merkle.Root(marks)
	r, err := client.Post[api.Registration](t.Context(), c.Manufacturer.API, "/v1/registrations", "", m.registering(t, terms, marks, plan))
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

func (m *mill) item(t *testing.T, i uint64) string {
	t.Helper()
	code, err := m.story.Scan(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	id, err := gs1.ParseIdentifier(code, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	name, err := genuine.Item(id)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// registering signs terms as the maker's device, and seals the plan to the distributor.
func (m *mill) registering(t *testing.T, terms chain.Terms, marks chain.Hashes, plan *genuine.Consignment) *api.Registering {
	t.Helper()
	signed, err := chain.Registered(m.chain, plan.From, &terms)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := envelope.SignDigest(m.maker.key, signed)
	if err != nil {
		t.Fatal(err)
	}
	members, err := client.Get[[]api.Member](t.Context(), m.stage.Cast.Manufacturer.API, "/v1/members", nil)
	if err != nil {
		t.Fatal(err)
	}
	to := (*members)[slices.IndexFunc(*members, func(x api.Member) bool { return x.GLN == plan.To })]
	sealed, err := genuine.SealConsignment(to.SealKey, plan)
	if err != nil {
		t.Fatal(err)
	}
	return &api.Registering{Terms: api.Terms(terms), Device: m.maker.id(), Signature: sig, Marks: marks, Consignment: sealed}
}

// ship sends the packs to the distributor with their registration.
func (m *mill) ship(t *testing.T, id canon.Digest) {
	t.Helper()
	st := m.story
	_, err := st.send(t.Context(), &st.Cast.Manufacturer, "/v1/distributions", "5 distribution", api.Address{To: st.Cast.Distributor.GLN, Prev: []canon.Digest{st.Decision}},
		map[string]any{"certificate": st.Certificate, "sales_method": "prescription", "parcels": st.parcels(st.Packs), "registrations": []canon.Digest{id}})
	if err != nil {
		t.Fatal(err)
	}
}

// checkSeen holds that the maker sees what became of its things, and anybody each mark.
func (m *mill) checkSeen(t *testing.T, id canon.Digest) {
	t.Helper()
	c := &m.stage.Cast
	seen, err := client.Get[api.Registrations](t.Context(), c.Manufacturer.API, "/v1/registrations", map[string][]string{"direction": {"line"}})
	if err != nil || len(seen.Items) != 1 || seen.Items[0].ID != id || seen.Items[0].Verified != 1 || seen.Items[0].Size != m.story.Packs {
		t.Errorf("the maker sees %+v, %v", seen, err)
	}
	alerts, err := client.Get[api.Alerts](t.Context(), c.Manufacturer.API, "/v1/alerts", nil)
	if err != nil || len(alerts.Items) != 1 || alerts.Items[0].Code != "already_verified" || alerts.Items[0].Registration != id {
		t.Errorf("the maker is alerted of %+v, %v", alerts, err)
	}
	in, err := client.Get[api.Registrations](t.Context(), c.Distributor.API, "/v1/registrations", nil)
	if err != nil || len(in.Items) != 1 || in.Items[0].Message.IsZero() {
		t.Errorf("the distributor has %+v, %v", in, err)
	}
	root := seen.Items[0].Terms.Root
	for index, verified := range map[uint64]bool{0: false, 1: true, m.story.Packs - 1: false} {
		mark, err := c.Pharmacy.API.Mark(t.Context(), id, index)
		if err != nil {
			t.Fatal(err)
		}
		if err := merkle.VerifyInclusion(merkle.Hash(mark.Leaf), index, m.story.Packs, mark.Path, merkle.Hash(root)); err != nil || (mark.Verified != 0) != verified {
			t.Errorf("mark %d: %+v, %v", index, mark, err)
		}
	}
	raw, err := c.Distributor.API.Raw(t.Context(), "/v1/audit", nil)
	if err != nil || !bytes.Contains(raw, []byte(`"measure"`)) {
		t.Errorf("the book says %.300s, %v", raw, err)
	}
}
