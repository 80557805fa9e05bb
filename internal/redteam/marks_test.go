package redteam

import (
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/internal/chainstore"
	"theriac/internal/cometbft"
	"theriac/internal/ledger"
	"theriac/internal/organisation"
	paper "theriac/internal/paper/genuine"
)

// identifications is how often the thing is measured, at once as many as there are
// clients at four entries.
const (
	identifications = 1000
	clientsAtEntry  = 16
)

// Attack 001-07: a thing was measured a thousand times, and all answers are sent at
// once, through four validators, one of which is killed meanwhile and comes back.
// Exactly one verifies the mark, and every other is told so from then on.
func TestAttack001_07(t *testing.T) {
	t.Parallel()
	m := newMint(t)
	m.prepare(t)
	txs := m.measure(t)
	var next, done atomic.Int64
	history, victim := make([]porcupine.Operation, identifications), m.nodes[mathrand.IntN(4)]
	begin := time.Now()
	var group sync.WaitGroup
	for entry := range m.entries {
		for range clientsAtEntry {
			group.Go(func() {
				for i := next.Add(1) - 1; i < identifications && !t.Failed(); i = next.Add(1) - 1 {
					history[i] = m.identify(t, begin, entry, txs[i])
					done.Add(1)
				}
			})
		}
	}
	// Early: who verifies the mark may not have been decided, or not everywhere.
	pause(t, time.Duration(mathrand.IntN(150))*time.Millisecond)
	victim.kill()
	killed := done.Load()
	t.Logf("%s was killed when %d of %d were answered", victim.Name, killed, identifications)
	until(t, "three of four go on", func() bool { return done.Load() >= killed+identifications/5 || t.Failed() })
	victim.start()
	group.Wait()
	if t.Failed() {
		return
	}
	victim.ready()
	checkHistory(t, history)
	m.checkStores(t, history)

	bothSucceed(t)
}

// bothSucceed is the control: in the print two who look before either writes both
// succeed.
func bothSucceed(t *testing.T) {
	t.Helper()
	p := &paper.Registration{Chain: paper.NewChain(), Device: paper.Device{
		Ranges: []paper.Range{{Low: 4.9, High: 5.1}}, J: paper.Judgment{OK: paper.Value(newID()), Bad: paper.Value(newID())},
	}}
	thing, u := paper.Signal{5}, paper.Info{ID: paper.ID{Manufacturer: "maker", Serial: "1"}, Random: "random"}
	p.Register(thing, u)
	key2 := p.Generate(p.Judge(p.Measure(thing)), u.Value())
	users := [2]paper.Identification{{Chain: p.Chain}, {Chain: p.Chain}}
	var acquired [2]paper.Acquired
	for i := range users {
		var err error
		if acquired[i], err = users[i].Acquire(u.ID, key2); err != nil {
			t.Errorf("control: user %d: %v", i, err)
		}
	}
	for i := range users {
		if err := users[i].Verify(acquired[i]); err != nil {
			t.Errorf("control: the print refuses user %d: %v", i, err)
		}
		users[i].Register(acquired[i])
	}
}

// A mint is a network of four validators, each a process, and a way in at each: a node
// in this process that has no other peer.
type mint struct {
	dir              string
	nodes            []*process
	entries          []*cometbft.Node
	maker, consignee *process
	keys             map[*process]crypto.Signer

	key          genuine.LineKey
	device       *ecdsa.PrivateKey
	record       chain.Device
	registration canon.Digest
	thing        *genuine.Transaction
}

func newMint(t *testing.T) *mint {
	t.Helper()
	m := &mint{dir: filepath.Join(t.TempDir(), "net"), keys: map[*process]crypto.Signer{}}
	first := freePorts(t, 8)
	out, err := exec.CommandContext(t.Context(), command(t), "network", "init", "--validators", "4", "--out", m.dir,
		"--api", fmt.Sprint(first), "--peer-port", fmt.Sprint(first+4)).CombinedOutput()
	if err != nil {
		t.Fatalf("network init: %v: %s", err, out)
	}
	for i := range 4 {
		n := newProcess(t, filepath.Join(m.dir, fmt.Sprint(i+1)), nil)
		m.nodes, m.keys[n] = append(m.nodes, n), n.signer(t)
		n.start()
	}
	m.maker, m.consignee = m.nodes[1], m.nodes[2]
	for i, n := range m.nodes {
		n.ready()
		m.entries = append(m.entries, m.enter(t, i, n))
	}
	return m
}

// enter starts a node that follows the chain through one validator.
func (m *mint) enter(t *testing.T, i int, at *process) *cometbft.Node {
	t.Helper()
	home := filepath.Join(m.dir, fmt.Sprint("entry", i))
	if _, err := cometbft.InitHome(home); err != nil {
		t.Fatal(err)
	}
	genesis, err := os.ReadFile(filepath.Join(m.dir, "genesis.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := cometbft.PutGenesis(home, genesis); err != nil {
		t.Fatal(err)
	}
	s, ok := at.status()
	if !ok {
		t.Fatalf("%s does not answer", at.Name)
	}
	// Not the test's context: it ends before the node is stopped.
	n, err := cometbft.Start(context.Background(), cometbft.Config{Home: home, Peers: []string{s.Node}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// sign returns a transaction of an organisation, and its operation.
func (m *mint) sign(t *testing.T, by *process, kind chain.Kind, body any) ([]byte, canon.Digest) {
	t.Helper()
	id := newID()
	raw, err := ledger.Sign(m.keys[by], chain.Tx{Chain: m.entries[0].Chain(), Kind: kind, Sender: by.GLN, ID: id, Time: chain.Millis(time.Now())}, body)
	if err != nil {
		t.Fatal(err)
	}
	return raw, chain.Operation(by.GLN, id)
}

// admit has a transaction applied, and returns its operation.
func (m *mint) admit(t *testing.T, by *process, kind chain.Kind, body any) canon.Digest {
	t.Helper()
	raw, op := m.sign(t, by, kind, body)
	var r ledger.Result
	until(t, string(kind)+" is committed", func() bool {
		var err error
		r, err = m.entries[0].Submit(t.Context(), raw)
		return err == nil
	})
	if r.Outcome != chain.Applied && r.Code != ledger.ErrDuplicate.Code() {
		t.Fatalf("%s: %s: %s", kind, r.Code, r.Text)
	}
	return op
}

// prepare makes one governor a manufacturer, who registers a case for another.
func (m *mint) prepare(t *testing.T) {
	t.Helper()
	prefix := strings.TrimPrefix(organisation.ExampleGLN(0), "0")[:8]
	action := chain.Action{Standing: &chain.Standing{
		Member: m.maker.GLN, Roles: []chain.Role{chain.Governor, chain.Manufacturer}, Prefixes: []string{prefix}, Status: chain.Active,
	}}
	raw, err := canon.CBOR(&action)
	if err != nil {
		t.Fatal(err)
	}
	proposal := chain.ProposalID(m.admit(t, m.nodes[0], chain.KindPropose, chain.Propose{Action: action}), raw)
	for _, n := range m.nodes[1:3] {
		m.admit(t, n, chain.KindVote, chain.Vote{Proposal: proposal, Accept: true})
	}
	product, document := item(prefix, "0001"), canon.Sum([]byte("document"))
	m.admit(t, m.maker, chain.KindEvidence, chain.Evidence{Digest: document})
	m.admit(t, m.maker, chain.KindBatch, chain.BatchRelease{
		GTIN: product, Lot: "L1", Expiry: "2099-12-31", Size: 10, Root: canon.Sum([]byte("packs")), Initial: chain.UnitActive, Evidence: document,
	})
	m.newLine(t, chain.LineID(m.maker.GLN, product))
	digest, err := m.key.Digest()
	if err != nil {
		t.Fatal(err)
	}
	m.admit(t, m.maker, chain.KindLine, chain.PutLine{GTIN: product, Criteria: digest, Epoch: 1, Devices: []chain.Device{m.record}})
	plan := genuine.Consignment{
		Chain: m.entries[0].Chain(), Counter: 1, Epoch: 1, From: m.maker.GLN, Line: m.key.Line, Place: m.consignee.GLN, To: m.consignee.GLN,
		Secret: canon.Sum([]byte("secret")), Item: "00340000030000000011",
	}
	m.thing = plan.Transaction(0, "")
	v, err := m.key.Verification(good(), m.thing)
	if err != nil {
		t.Fatal(err)
	}
	arg := chain.Register{Device: m.kid(t), Terms: chain.Terms{
		Line: plan.Line, Epoch: 1, Counter: 1, To: plan.To, Place: plan.Place, Whole: true, Root: genuine.NewMarkTree(chain.Hashes{chain.MarkLeaf(v)}).Root(),
		Batch: chain.BatchID(m.maker.GLN, product, "L1"), Ranges: []chain.Range{{From: 0, To: 10}},
	}}
	signed, err := chain.Registered(plan.Chain, plan.From, &arg.Terms)
	if err != nil {
		t.Fatal(err)
	}
	if arg.Signature, err = envelope.SignDigest(m.device, signed); err != nil {
		t.Fatal(err)
	}
	m.registration = chain.RegistrationID(m.admit(t, m.maker, chain.KindRegister, arg))
}

func (m *mint) newLine(t *testing.T, id canon.Digest) {
	t.Helper()
	var err error
	if m.device, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	seal, err := hpke.DHKEM(ecdh.P256()).GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	key, err := envelope.KeyOf(m.device)
	if err != nil {
		t.Fatal(err)
	}
	m.record = chain.Device{Point: key.Point(), Seal: seal.PublicKey().Bytes(), Operator: m.maker.GLN}
	m.key = genuine.LineKey{
		Line: id, Epoch: 1, J: genuine.Judgment(newID()), Salt: newID(),
		Criteria: []genuine.Criterion{{Feature: "mass", Unit: "kg", Low: 4_900_000, High: 5_100_000}},
	}
}

func good() []genuine.Reading {
	return []genuine.Reading{{Feature: "mass", Unit: "kg", Value: 5_000_123}}
}

func (m *mint) kid(t *testing.T) canon.Digest { return keyOf(t, m.device).ID() }

// measure has the device measure the case for a thousand challenges, and returns the
// consignee's transactions.
func (m *mint) measure(t *testing.T) [][]byte {
	t.Helper()
	var out [][]byte
	for range identifications {
		c := genuine.Challenge{
			Registration: m.registration, Consignee: m.consignee.GLN, Place: m.consignee.GLN, Nonce: newID(), Transaction: *m.thing,
		}
		a, err := m.key.Answer(&c, good(), m.device)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := m.sign(t, m.consignee, chain.KindIdentify, chain.Identify{
			Registration: c.Registration, Place: c.Place, Nonce: c.Nonce, Key: a.Key, Proof: a.Proof, Device: a.Device, Signature: a.Signature,
		})
		out = append(out, raw)
	}
	return out
}

// identify sends a transaction through one entry, again and again until it is answered.
func (m *mint) identify(t *testing.T, begin time.Time, entry int, tx []byte) porcupine.Operation {
	o := porcupine.Operation{ClientId: entry, Call: time.Since(begin).Nanoseconds()}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		r, err := m.entries[entry].Submit(ctx, tx)
		switch {
		case ctx.Err() != nil:
			t.Errorf("entry %d: no answer in a minute", entry)
			return o
		case err != nil:
			pause(t, 20*time.Millisecond) // its validator is down
			continue
		case r.Code == ledger.ErrDuplicate.Code():
			t.Errorf("entry %d: the answer was lost", entry)
		}
		o.Output, o.Return = identified{r.Code, r.Alert, r.Index}, time.Since(begin).Nanoseconds()
		return o
	}
}

// checkStores ends the validators and looks into their stores, which all have the one
// mark, of the leaf that was answered.
func (m *mint) checkStores(t *testing.T, history []porcupine.Operation) {
	t.Helper()
	won, err := one(history, func(o porcupine.Operation) bool { return o.Output.(identified).code == "" })
	if err != nil {
		t.Fatal(err)
	}
	root := (&load{}).sameRoot(t, m.nodes)
	for _, n := range m.nodes {
		n.end()
		s, err := chainstore.Open(filepath.Join(n.dir, "node", "data", "chain"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, got := s.Position(); got.AppHash() != root.AppHash() {
			t.Errorf("%s has app hash %s, want %s", n.Name, got.AppHash(), root.AppHash())
		}
		var mark chain.Mark
		raw, err := s.Get(chain.MarkKey(m.registration, 0))
		if err == nil {
			err = canon.DecodeCBOR(raw, &mark)
		}
		if err != nil || mark.Index != won.Output.(identified).index || mark.Device != m.kid(t) {
			t.Errorf("%s: mark %+v, %v, want that of leaf %d", n.Name, mark, err, won.Output.(identified).index)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
