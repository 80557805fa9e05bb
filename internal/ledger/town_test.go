package ledger_test

import (
	"crypto/elliptic"
	"math/big"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// A town is the world after paper 000's story, and a second organisation of the
// roles that can get into each other's way. Of 100 packs the pharmacy has
// [0, 25), the distributor [25, 50) and the manufacturer the others.
type town struct {
	*ledgertest.World
	DA2, MS2, DM2, DD2, Pharmacy2, Courier *ledgertest.Org
}

// document is what the distributor has anchored in every town.
var document = canon.Sum([]byte("document"))

func newTown(t ledgertest.TB) *town {
	t.Helper()
	w := &town{
		World:     ledgertest.NewWorld(t),
		DA2:       ledgertest.NewOrg(t, "Second administration", "400000000011", nil, chain.Administration),
		MS2:       ledgertest.NewOrg(t, "Second supplier", "400000000012", nil, chain.Supplier),
		DM2:       ledgertest.NewOrg(t, "Second manufacturer", "400000000013", []string{"40000031"}, chain.Manufacturer),
		DD2:       ledgertest.NewOrg(t, "Second distributor", "400000000014", nil, chain.Distributor),
		Pharmacy2: ledgertest.NewOrg(t, "Second pharmacy", "400000000015", nil, chain.Pharmacy),
		Courier:   ledgertest.NewOrg(t, "Courier", "400000000017", nil, chain.Courier),
	}
	for _, o := range []*ledgertest.Org{w.DA2, w.MS2, w.DM2, w.DD2, w.Pharmacy2, w.Courier} {
		w.Join(o)
	}
	w.Story(100)
	w.Admit(w.DD.Tx(w.Now, chain.KindEvidence, chain.Evidence{Digest: document}))
	return w
}

func (w *town) fork(t ledgertest.TB) *town {
	f := *w
	f.World = w.Fork(t)
	for _, o := range []**ledgertest.Org{&f.DA2, &f.MS2, &f.DM2, &f.DD2, &f.Pharmacy2, &f.Courier} {
		*o = (*o).For(t)
	}
	return &f
}

// say returns a message that nobody has anchored.
func (w *town) say(from, to *ledgertest.Org, content pedigree.Content, prev ...*envelope.Message) *envelope.Message {
	return from.Message(w.Now, ledgertest.Case, to, content, prev...)
}

// send returns the transaction that anchors a fresh message.
func (w *town) send(from, to *ledgertest.Org, content pedigree.Content, prev ...*envelope.Message) []byte {
	return to.Anchor(w.Now, w.say(from, to, content, prev...))
}

// tell anchors a message and returns it.
func (w *town) tell(from, to *ledgertest.Org, content pedigree.Content, prev ...*envelope.Message) *envelope.Message {
	w.T.Helper()
	m := w.say(from, to, content, prev...)
	w.Admit(to.Anchor(w.Now, m))
	return m
}

// claiming signs a message again with other claims.
func (w *town) claiming(from *ledgertest.Org, m *envelope.Message, change func(*envelope.Claims)) *envelope.Message {
	w.T.Helper()
	c := m.Envelope.Claims
	change(&c)
	m, err := envelope.Sign(from.Key, c, m.Body)
	if err != nil {
		w.T.Fatal(err)
	}
	return m
}

// carrying returns the transaction that anchors these bytes with this body.
func (w *town) carrying(to *ledgertest.Org, raw []byte, body any) []byte {
	w.T.Helper()
	b, err := canon.CBOR(body)
	if err != nil {
		w.T.Fatal(err)
	}
	x := chain.Exchange{Message: raw, Body: b}
	if e, err := envelope.ParseJWS(raw); err == nil {
		x.Paper = e.PaperDigest()
	}
	return to.Tx(w.Now, chain.KindExchange, x)
}

func (w *town) request() *envelope.Message {
	return w.say(w.DM, w.MS, &pedigree.MaterialRequest{Material: "lactose", Product: "Theriacin", Quantity: "1 t"})
}

// content returns what a message says.
func content(m *envelope.Message) pedigree.Content {
	c, err := pedigree.Read(m.Envelope.Claims.Type, m.Body)
	if err != nil {
		panic(err)
	}
	return c
}

// propose returns the governor's transaction, which decides alone here.
func (w *town) propose(a chain.Action) []byte {
	return w.BCC.Tx(w.Now, chain.KindPropose, chain.Propose{Action: a})
}

// stand sets an organisation's standing.
func (w *town) stand(o *ledgertest.Org, status chain.MemberStatus, roles ...chain.Role) {
	w.T.Helper()
	if len(roles) == 0 {
		roles = o.Roles
	}
	w.Admit(w.propose(chain.Action{Standing: &chain.Standing{
		Member: o.GLN, Roles: roles, Prefixes: append([]string{}, o.Prefixes...), Status: status,
	}}))
}

// kid returns the identifier of the organisation's key.
func kid(o *ledgertest.Org) canon.Digest { return key(o).ID() }

func key(o *ledgertest.Org) envelope.Key {
	k, err := envelope.KeyOf(o.Key)
	if err != nil {
		panic(err)
	}
	return k
}

// rotation returns the argument that registers the key of next for o.
func rotation(o, next *ledgertest.Org, until int64) chain.RotateKey {
	point := key(next).Point()
	proof, err := envelope.SignDigest(next.Key, chain.Possession(ledgertest.ChainID, o.GLN, point))
	if err != nil {
		panic(err)
	}
	return chain.RotateKey{Point: point, Proof: proof, Until: until}
}

// rotate registers a second key of o and returns o as holder of that one.
func (w *town) rotate(o *ledgertest.Org, until time.Time) *ledgertest.Org {
	w.T.Helper()
	next := ledgertest.NewOrg(w.T, o.Name, o.GLN[:12], o.Prefixes, o.Roles...)
	ms := int64(0)
	if !until.IsZero() {
		ms = chain.Millis(until)
	}
	w.Admit(o.Tx(w.Now, chain.KindRotateKey, rotation(o, next, ms)))
	return next
}

// revoke ends the key of o with the key of by, who has the same name.
func (w *town) revoke(by, o *ledgertest.Org) {
	w.T.Helper()
	w.Admit(by.Tx(w.Now, chain.KindRevokeKey, chain.RevokeKey{Key: kid(o)}))
}

// mirrored returns a signature's twin r ‖ n−s, which any verifier of plain ECDSA accepts.
func mirrored(sig []byte) []byte {
	s := new(big.Int).SetBytes(sig[32:])
	out := append([]byte{}, sig...)
	s.Sub(elliptic.P256().Params().N, s).FillBytes(out[32:])
	return out
}

// gtin returns a product code under a company prefix of eight digits.
func gtin(prefix, item string) gs1.GTIN {
	return gs1.GTIN(ledgertest.WithCheckDigit("0" + prefix + item))
}

// outcome says in one word what became of a transaction.
func outcome(r ledger.Result) string {
	switch r.Outcome {
	case chain.Applied:
		return "applied"
	case chain.Alerted:
		return "alert " + r.Code
	}
	return r.Code
}
