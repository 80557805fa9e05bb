package browsertest

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/journey"
	"theriac/merkle"
	"theriac/refusal"
)

// A meter is a measuring device with a socket of its own, as all organisations' settings
// name it. What lies on it the test says.
type meter struct {
	address string

	mu sync.Mutex
	chain.Device
	key  *ecdsa.PrivateKey
	open hpke.PrivateKey
	line *genuine.LineKey
	mass genuine.Quantity
	// held keeps answers back until it is closed.
	held chan struct{}
}

// start listens, and returns what ends that.
func (m *meter) start() func() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/device", func(w http.ResponseWriter, _ *http.Request) {
		m.mu.Lock()
		defer m.mu.Unlock()
		_ = json.NewEncoder(w).Encode(api.Device{ID: m.id()})
	})
	mux.HandleFunc("POST /v1/measure", m.measure)
	server := httptest.NewServer(mux)
	m.address = server.URL
	return server.Close
}

func (m *meter) id() canon.Digest {
	key, err := envelope.ParseKey(m.Point)
	if err != nil {
		return canon.Digest{} // of no line yet
	}
	return key.ID()
}

func (m *meter) measure(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	held := m.held
	m.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-r.Context().Done():
			return
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var asked api.Challenge
	err := json.NewDecoder(r.Body).Decode(&asked)
	var c *genuine.Challenge
	if err == nil {
		c, err = genuine.OpenChallenge(&m.Device, m.open, asked.Challenge)
	}
	var a *genuine.Answer
	if err == nil {
		a, err = m.line.Answer(c, []genuine.Reading{{Feature: "mass", Unit: "g", Value: m.mass}}, m.key)
	}
	if err != nil {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_ = json.NewEncoder(w).Encode(api.Problem{Code: refusal.Code(err), Detail: err.Error(), Status: http.StatusUnprocessableEntity})
		return
	}
	_ = json.NewEncoder(w).Encode(a)
}

const (
	legitimate  = 512_300 // of a gram, in millionths
	counterfeit = 498_000
)

// lay says what lies on the device.
func (m *meter) lay(mass genuine.Quantity) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mass = mass
}

// hold keeps answers back until what it returns is called.
func (m *meter) hold() (release func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	held := make(chan struct{})
	m.held = held
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.held = nil
		close(held)
	}
}

// admit puts a product line whose one device the meter is, in the distributor's hands.
func (m *meter) admit(t *testing.T, maker, operator *journey.Actor, gtin gs1.GTIN, chainID string) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var err error
	m.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	m.open, err = hpke.DHKEM(ecdh.P256()).GenerateKey()
	must(t, err)
	pub, err := envelope.KeyOf(m.key)
	must(t, err)
	m.Device = chain.Device{Point: pub.Point(), Seal: m.open.PublicKey().Bytes(), Operator: operator.GLN}
	m.line = &genuine.LineKey{
		Line: chain.LineID(maker.GLN, gtin), Epoch: 1,
		Criteria: []genuine.Criterion{{Feature: "mass", Unit: "g", Low: 500_000, High: 530_000}},
	}
	_, _ = rand.Read(m.line.J[:])
	_, _ = rand.Read(m.line.Salt[:])
	criteria, err := m.line.Digest()
	must(t, err)
	sealed, err := genuine.SealLineKey(chainID, &m.Device, m.line)
	must(t, err)
	_, err = client.Put[api.Line](t.Context(), maker.API, "/v1/lines", api.LineUpdate{
		GTIN: gtin, Criteria: criteria, Epoch: 1,
		Devices: []api.LineDevice{{Point: m.Point, Seal: m.Seal, Operator: m.Operator}},
		Keys:    []api.LineKey{{Device: m.id(), Epoch: 1, Sealed: sealed}},
	})
	must(t, err)
}

// register registers packs, named by their codes, for a receiver.
func (m *meter) register(t *testing.T, maker, to *journey.Actor, chainID string, batch canon.Digest, codes []string) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	terms := chain.Terms{
		Line: m.line.Line, Epoch: 1, Counter: 1, To: to.GLN, Place: to.GLN, Batch: batch,
		Ranges: []chain.Range{{From: 0, To: uint64(len(codes))}},
	}
	plan := &genuine.Consignment{
		Chain: chainID, Counter: 1, Epoch: 1, From: maker.GLN, Line: terms.Line, Place: terms.Place, To: terms.To,
	}
	_, _ = rand.Read(plan.Secret[:])
	var marks chain.Hashes
	for i, code := range codes {
		id, err := gs1.ParseIdentifier(code, time.Now())
		must(t, err)
		item, err := genuine.Item(id)
		must(t, err)
		v, err := m.line.Verification([]genuine.Reading{{Feature: "mass", Unit: "g", Value: legitimate}}, plan.Transaction(uint64(i), item))
		must(t, err)
		marks = append(marks, chain.MarkLeaf(v))
	}
	terms.Root = merkle.Root(marks)
	signed, err := chain.Registered(chainID, maker.GLN, &terms)
	must(t, err)
	sig, err := envelope.SignDigest(m.key, signed)
	must(t, err)
	members, err := client.Get[[]api.Member](t.Context(), maker.API, "/v1/members", nil)
	must(t, err)
	receiver := (*members)[slices.IndexFunc(*members, func(x api.Member) bool { return x.GLN == to.GLN })]
	sealed, err := genuine.SealConsignment(receiver.SealKey, plan)
	must(t, err)
	_, err = client.Post[api.Registration](t.Context(), maker.API, "/v1/registrations", "", api.Registering{
		Terms: api.Terms(terms), Device: m.id(), Signature: sig, Marks: marks, Consignment: sealed,
	})
	must(t, err)
}
