package main

import (
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/merkle"
)

// A mint is a registration device of a supplier, for one script.
type mint struct {
	ts       *testscript.TestScript
	api      *client.Client
	from, to string
	chain    string
	lot      gs1.LGTIN
	key      *ecdsa.PrivateKey
	device   chain.Device
	line     genuine.LineKey
}

// registers puts a product line of a lot's product at its maker's server, with one
// device, and registers the lot for a member: registers SERVER TOKENFILE CODE GLN
func registers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: registers SERVER TOKENFILE CODE GLN")
	}
	c, err := client.New(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
	ts.Check(err)
	status, err := client.Get[api.Status](context.Background(), c, "/v1/status", nil)
	ts.Check(err)
	id, err := gs1.ParseIdentifier(args[2], time.Now())
	ts.Check(err)
	lot, err := id.LGTIN()
	ts.Check(err)
	m := &mint{ts: ts, api: c, from: status.GLN, to: args[3], chain: status.Chain, lot: lot}
	m.putLine()
	m.register()
}

func (m *mint) putLine() {
	var err error
	m.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	m.ts.Check(err)
	pub, err := envelope.KeyOf(m.key)
	m.ts.Check(err)
	seal, err := hpke.DHKEM(ecdh.P256()).GenerateKey()
	m.ts.Check(err)
	m.device = chain.Device{Point: pub.Point(), Seal: seal.PublicKey().Bytes(), Operator: m.from}
	m.line = genuine.LineKey{
		Line: chain.LineID(m.from, m.lot.GTIN), Epoch: 1,
		Criteria: []genuine.Criterion{{Feature: "refractive_index", Unit: "1", Low: 1_500_000, High: 1_510_000}},
	}
	_, _ = rand.Read(m.line.J[:])
	_, _ = rand.Read(m.line.Salt[:])
	criteria, err := m.line.Digest()
	m.ts.Check(err)
	sealed, err := genuine.SealLineKey(m.chain, &m.device, &m.line)
	m.ts.Check(err)
	_, err = client.Put[api.Line](context.Background(), m.api, "/v1/lines", api.LineUpdate{
		GTIN: m.lot.GTIN, Criteria: criteria, Epoch: 1, Devices: []api.LineDevice{{Point: m.device.Point, Seal: m.device.Seal, Operator: m.from}},
		Keys: []api.LineKey{{Device: pub.ID(), Epoch: 1, Sealed: sealed}},
	})
	m.ts.Check(err)
}

func (m *mint) register() {
	item, err := genuine.Item(m.lot.Identifier())
	m.ts.Check(err)
	plan := &genuine.Consignment{Chain: m.chain, Counter: 1, Epoch: 1, From: m.from, Line: m.line.Line, Place: m.to, To: m.to, Item: item}
	_, _ = rand.Read(plan.Secret[:])
	v, err := m.line.Verification([]genuine.Reading{{Feature: "refractive_index", Unit: "1", Value: 1_505_000}}, plan.Transaction(0, item))
	m.ts.Check(err)
	marks := chain.Hashes{chain.MarkLeaf(v)}
	terms := chain.Terms{Line: m.line.Line, Epoch: 1, Counter: 1, To: m.to, Place: m.to, Root: canon.Digest(merkle.Root(marks)), Material: &m.lot}
	signed, err := chain.Registered(m.chain, m.from, &terms)
	m.ts.Check(err)
	sig, err := envelope.SignDigest(m.key, signed)
	m.ts.Check(err)
	members, err := client.Get[[]api.Member](context.Background(), m.api, "/v1/members", nil)
	m.ts.Check(err)
	to := (*members)[slices.IndexFunc(*members, func(x api.Member) bool { return x.GLN == m.to })]
	sealed, err := genuine.SealConsignment(to.SealKey, plan)
	m.ts.Check(err)
	pub, err := envelope.KeyOf(m.key)
	m.ts.Check(err)
	_, err = client.Post[api.Registration](context.Background(), m.api, "/v1/registrations", "", api.Registering{
		Terms: api.Terms(terms), Device: pub.ID(), Signature: sig, Marks: marks, Consignment: sealed,
	})
	m.ts.Check(err)
}
