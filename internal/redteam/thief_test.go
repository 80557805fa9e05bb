package redteam

import (
	"crypto"
	"crypto/hpke"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/internal/device"
	"theriac/internal/keystore"
	"theriac/merkle"
	"theriac/refusal"
)

// A thief has opened a device: its two keys, and by them the key of the line.
type thief struct {
	chain.Device
	id   canon.Digest
	sign crypto.Signer
	seal hpke.PrivateKey
	key  *genuine.LineKey
}

// opened opens the folder of a device of the line.
func (l *lab) opened(t *testing.T, dir string) *thief {
	t.Helper()
	x := steal(t, dir)
	keys := get[api.LineKeys](t, l.w.dm, "/v1/lines/"+l.line.ID.String()+"/keys/"+x.id.String(), nil)
	var err error
	if x.key, err = genuine.OpenLineKey(chainName, &x.Device, x.seal, l.record(), keys.Items[0].Sealed); err != nil {
		t.Fatal(err)
	}
	return x
}

// steal opens the key store of a device, which lies there with its passphrase.
func steal(t *testing.T, dir string) *thief {
	t.Helper()
	card, _, err := device.Inspect(dir)
	if err != nil {
		t.Fatal(err)
	}
	pass, err := keystore.ReadPassphrase(filepath.Join(dir, "passphrase"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := keystore.Open(filepath.Join(dir, "keys"), pass)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	x := &thief{Device: chain.Device{Point: card.Point, Seal: card.Seal, Operator: card.Operator}, id: card.Device}
	if x.sign, err = s.Signer("signing"); err != nil {
		t.Fatal(err)
	}
	if x.seal, err = s.SealKey("seal"); err != nil {
		t.Fatal(err)
	}
	return x
}

// stranger is a device that no line has admitted.
func stranger(t *testing.T, of *party) *thief {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "stranger")
	if _, err := device.New(dir, of.GLN, ""); err != nil {
		t.Fatal(err)
	}
	return steal(t, dir)
}

// signs puts the thief's device in place of the one that measured.
func (x *thief) signs(t testing.TB, c *genuine.Challenge, a genuine.Answer) *genuine.Answer {
	t.Helper()
	i := chain.Identify{Registration: c.Registration, Index: c.Transaction.Index, Place: c.Place, Nonce: c.Nonce, Key: a.Key}
	var err error
	if a.Signature, err = envelope.SignDigest(x.sign, i.Measured(chainName, c.Consignee)); err != nil {
		t.Fatal(err)
	}
	a.Device = x.id
	return &a
}

// record is the line as the ledger has it.
func (l *lab) record() *chain.Line {
	r := &chain.Line{Maker: l.line.Maker, Put: chain.PutLine{GTIN: l.line.GTIN, Criteria: l.line.Criteria, Epoch: l.line.Epoch}}
	for _, d := range l.line.Devices {
		r.Put.Devices = append(r.Put.Devices, chain.Device{Point: d.Point, Seal: d.Seal, Operator: d.Operator})
	}
	return r
}

// invents answers as for a good thing, where none lies.
func (x *thief) invents(t testing.TB, c *genuine.Challenge) *genuine.Answer {
	t.Helper()
	a, err := x.key.Answer(c, weighed(usual), x.sign)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// registers signs marks of the thief's making for a member.
func (x *thief) registers(t testing.TB, w *world, by, to *party, terms chain.Terms) *api.Registering {
	t.Helper()
	c := genuine.Consignment{
		Chain: chainName, Counter: terms.Counter, Epoch: terms.Epoch, From: by.GLN, Line: terms.Line, Place: terms.Place, To: to.GLN, Secret: canon.Sum([]byte("thief")),
	}
	out := &api.Registering{Device: x.id}
	for i := range terms.Size() {
		u := c.Transaction(i, "0109521141200018211")
		// What its own device would refuse to make a mark of, the thief's makes.
		u.Line, u.Epoch, u.Counter = x.key.Line, x.key.Epoch, max(1, u.Counter)
		v, err := x.key.Verification(weighed(usual), u)
		if err != nil {
			t.Fatal(err)
		}
		out.Marks = append(out.Marks, chain.MarkLeaf(v))
	}
	terms.Root = canon.Digest(merkle.Root(out.Marks))
	signed, err := chain.Registered(chainName, by.GLN, &terms)
	if err != nil {
		t.Fatal(err)
	}
	if out.Signature, err = envelope.SignDigest(x.sign, signed); err != nil {
		t.Fatal(err)
	}
	members := get[[]api.Member](t, by, "/v1/members", nil)
	m, err := one(*members, func(m api.Member) bool { return m.GLN == to.GLN })
	if err != nil {
		t.Fatal(err)
	}
	if out.Consignment, err = genuine.SealConsignment(m.SealKey, &c); err != nil {
		t.Fatal(err)
	}
	out.Terms = api.Terms(terms)
	return out
}

// asks has the carrier's device measure for a challenge, over its socket.
func (l *lab) asks(t testing.TB, at *meter, c *genuine.Challenge) (*genuine.Answer, error) {
	t.Helper()
	kid, err := at.Device(t.Context())
	if err != nil {
		return nil, err
	}
	d, err := one(l.line.Devices, func(d api.LineDevice) bool { return d.ID == kid })
	if err != nil {
		return nil, err
	}
	sealed, err := c.Seal(&chain.Device{Point: d.Point, Seal: d.Seal, Operator: d.Operator})
	if err != nil {
		return nil, err
	}
	return at.Measure(t.Context(), sealed)
}

// answers is asks where an answer must come.
func (l *lab) answers(t testing.TB, c *genuine.Challenge) *genuine.Answer {
	t.Helper()
	a, err := l.asks(t, l.meter, c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func identifying(c *genuine.Challenge, a *genuine.Answer) api.Identifying {
	return api.Identifying{Registration: c.Registration, Index: c.Transaction.Index, Place: c.Place, Nonce: c.Nonce, Answer: *a}
}

// identifies has a member send an answer to the ledger by its own server.
func (w *world) identifies(t testing.TB, by *party, i api.Identifying) answer {
	t.Helper()
	return w.sendsJSON(t, by, "/v1/identifications", i)
}

func (w *world) sendsJSON(t testing.TB, by *party, path string, v any) answer {
	t.Helper()
	return w.request(t, http.MethodPost, by, path, by.token, mustJSON(t, v))
}

// unproven has a member send an answer that proves nothing, by its server and past it,
// and both must refuse it.
func (l *lab) unproven(t testing.TB, r *rogue, what, code string, by *party, i api.Identifying) {
	t.Helper()
	l.w.refuses(t, by, what, func() answer { return l.w.identifies(t, by, i) }, unprocessable, code)
	r.refused(t, what+", past the desk", code, by.signer(t), by.GLN, chain.KindIdentify, l.transaction(t, i))
	l.unverified(t, i.Registration, i.Index)
}

// transaction is the ledger's argument of an answer.
func (l *lab) transaction(t testing.TB, i api.Identifying) chain.Identify {
	t.Helper()
	m := l.markOf(t, i.Registration, i.Index)
	return chain.Identify{
		Registration: i.Registration, Index: i.Index, Path: m.Path, Place: i.Place, Nonce: i.Nonce,
		Key: i.Answer.Key, Proof: i.Answer.Proof, Device: i.Answer.Device, Signature: i.Answer.Signature,
	}
}

func (l *lab) unverified(t testing.TB, id canon.Digest, index uint64) {
	t.Helper()
	if m := l.markOf(t, id, index); m.Verified != 0 {
		t.Errorf("mark %d of %s is verified by %s", index, id, m.Device)
	}
}

// alerted sends what must be refused with an alert that the maker finds in his list.
func (l *lab) alerted(t testing.TB, what string, by *party, i api.Identifying, status int, code string) {
	t.Helper()
	w := l.w
	before, mark := w.traces(t, by), get[api.Mark](t, w.dm, markPath(i.Registration, "marks", i.Index), nil)
	got := w.identifies(t, by, i)
	if got.status != status || got.code != code {
		t.Errorf("%s: %d %q (%s), want %d %q", what, got.status, got.code, got.detail, status, code)
	}
	after := w.traces(t, by)
	if after.leaves != before.leaves+1 || after.mail != before.mail || after.audit == before.audit || after.audit.Code != code {
		t.Errorf("%s: %d leaves more, audit entry %+v; want the alert's leaf and an entry %s", what, after.leaves-before.leaves, after.audit, code)
	}
	if now := get[api.Mark](t, w.dm, markPath(i.Registration, "marks", i.Index), nil); now.Verified != mark.Verified || now.Device != mark.Device {
		t.Errorf("%s: the mark was %+v and is %+v", what, mark, now)
	}
	l.inList(t, what, code, by, i)
}

// inList holds that the maker's newest alert is of this thing.
func (l *lab) inList(t testing.TB, what, code string, by *party, i api.Identifying) {
	t.Helper()
	alerts := get[api.Alerts](t, l.w.dm, "/v1/alerts", url.Values{"limit": {"1"}})
	if len(alerts.Items) != 1 {
		t.Fatalf("%s: the maker has no alert", what)
	}
	a := alerts.Items[0]
	want := chain.Range{From: i.Index, To: i.Index + 1}
	if a.Code != code || a.By != by.GLN || a.Registration != i.Registration || a.Batch != l.batch || len(a.Units) != 1 || a.Units[0] != want {
		t.Errorf("%s: the maker's newest alert is %+v, want %s by %s", what, a, code, by.GLN)
	}
}

// identified is the end that everything honest comes to.
func (l *lab) identified(t testing.TB, i api.Identifying) {
	t.Helper()
	if a := l.w.identifies(t, l.w.dd, i); a.status != http.StatusOK {
		t.Fatalf("the consignee: %+v", a)
	}
	m := l.markOf(t, i.Registration, i.Index)
	if m.Verified == 0 || m.Device != i.Answer.Device {
		t.Errorf("the consignee: mark %+v", m)
	}
}

// door is the distributor's identification device, at a measuring device's address.
func (l *lab) door(t testing.TB, address string) *device.Identification {
	t.Helper()
	c, err := client.New(address, "")
	if err != nil {
		t.Fatal(err)
	}
	return &device.Identification{Office: l.w.dd.API, Meter: c, Place: l.w.dd.GLN}
}

// sees runs the distributor's identification device, which must refuse.
func (l *lab) sees(t testing.TB, what, code, address string, index uint64) {
	t.Helper()
	before := l.w.leaves(t)
	_, err := l.door(t, address).Identify(t.Context(), l.code(t, index), canon.Digest{}, 0)
	if refusal.Code(err) != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
	if after := l.w.leaves(t); after != before {
		t.Errorf("%s: %d leaves, want %d", what, after, before)
	}
	l.unverified(t, l.registration.ID, index)
}

// mark is the pack's mark, as its registrar shows it.
func (l *lab) mark(t testing.TB, index uint64) *api.Mark {
	t.Helper()
	return l.markOf(t, l.registration.ID, index)
}

func (l *lab) markOf(t testing.TB, id canon.Digest, index uint64) *api.Mark {
	t.Helper()
	return get[api.Mark](t, l.w.dm, markPath(id, "marks", index), nil)
}
