package ledger_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// application returns what an organisation asks for, after a change.
func (w *town) application(o *ledgertest.Org, change func(*pedigree.Application, *envelope.Claims)) *chain.Application {
	w.T.Helper()
	a := &pedigree.Application{
		Chain: ledgertest.ChainID, Endpoint: "https://example.org/", Key: key(o).Point(),
		Name: o.Name, Prefixes: o.Prefixes, Roles: o.Roles,
	}
	m := o.Message(w.Now, "registration", w.BCC, a)
	c := m.Envelope.Claims
	change(a, &c)
	body, err := envelope.BodyOf(a, ledgertest.NewID)
	if err != nil {
		w.T.Fatal(err)
	}
	if m, err = envelope.Sign(o.Key, c, body); err != nil {
		w.T.Fatal(err)
	}
	raw, err := canon.CBOR(m.Body)
	if err != nil {
		w.T.Fatal(err)
	}
	return &chain.Application{Message: m.Envelope.Raw(), Body: raw}
}

func asItStands(*pedigree.Application, *envelope.Claims) {}

// applying is a case in which a stranger applies with something amiss.
func applying(name, code string, change func(*pedigree.Application, *envelope.Claims)) refused {
	return refused{name, code, func(w *town) []byte {
		return w.propose(chain.Action{Admit: w.application(w.stranger(), change)})
	}}
}

var admitRefusals = []refused{
	applying("other chain", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.Chain = "other" }),
	applying("other type", "bad_application", func(_ *pedigree.Application, c *envelope.Claims) { c.Type = "dmms/1" }),
	applying("with a predecessor", "bad_application", func(_ *pedigree.Application, c *envelope.Claims) { c.Prev = []canon.Digest{{1}} }),
	applying("lapsed", "bad_application", func(_ *pedigree.Application, c *envelope.Claims) { c.Expires = c.IssuedAt }),
	applying("no GLN", "bad_application", func(_ *pedigree.Application, c *envelope.Claims) { c.Issuer = "4000000000000" }),
	applying("no key", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.Key = nil }),
	applying("point off the curve", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) {
		a.Key = slices.Clone(a.Key)
		a.Key[64] ^= 1
	}),
	applying("no name", "bad_field", func(a *pedigree.Application, _ *envelope.Claims) { a.Name = "" }),
	applying("long name", "bad_field", func(a *pedigree.Application, _ *envelope.Claims) { a.Name = strings.Repeat("n", 201) }),
	applying("no role", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.Roles = nil }),
	applying("unknown role", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.Roles = []chain.Role{"wizard"} }),
	applying("role twice", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) {
		a.Roles = []chain.Role{chain.Supplier, chain.Supplier}
	}),
	applying("roles unsorted", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) {
		a.Roles = []chain.Role{chain.Supplier, chain.Courier}
	}),
	applying("administration that trades", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) {
		a.Roles = []chain.Role{chain.Administration, chain.Manufacturer}
	}),
	applying("prefix too short", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.Prefixes = []string{"400"} }),
	applying("prefix too long", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.Prefixes = []string{"4999000000000"} }),
	applying("prefix with a slash", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.Prefixes = []string{"499/00"} }),
	applying("endpoint of no host", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.Endpoint = "https://" }),
	applying("endpoint with a query", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.Endpoint = "https://example.org/?a" }),
	applying("endpoint with a fragment", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.Endpoint = "https://example.org/#a" }),
	applying("endpoint that is none", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.Endpoint = "https://%zz" }),
	applying("prefix of letters", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.Prefixes = []string{"4000x"} }),
	applying("prefix twice", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.Prefixes = []string{"4001", "4001"} }),
	applying("endpoint of a file", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.Endpoint = "file:///etc/passwd" }),
	applying("endpoint with a password", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.Endpoint = "https://u:p@example.org" }),
	applying("seal key off the curve", "bad_application", func(a *pedigree.Application, _ *envelope.Claims) { a.SealKey = canon.Bytes{4, 1} }),
	// Squatting: a name, a key or a prefix that is somebody's.
	applying("GLN of a member", "member_exists", func(_ *pedigree.Application, c *envelope.Claims) {
		c.Issuer = ledgertest.WithCheckDigit("400000000003")
	}),
	applying("prefix of a member", "prefix_taken", func(a *pedigree.Application, _ *envelope.Claims) { a.Prefixes = []string{"40000030"} }),
	applying("prefix within a member's", "prefix_taken", func(a *pedigree.Application, _ *envelope.Claims) { a.Prefixes = []string{"400000309"} }),
	applying("prefix around a member's", "prefix_taken", func(a *pedigree.Application, _ *envelope.Claims) { a.Prefixes = []string{"4000"} }),
	{"key of another", "bad_application", func(w *town) []byte {
		return w.propose(chain.Action{Admit: w.application(w.stranger(), func(a *pedigree.Application, _ *envelope.Claims) { a.Key = key(w.DM).Point() })})
	}},
	{"own key again", "key_taken", func(w *town) []byte {
		twin := *w.DM
		twin.GLN = w.stranger().GLN
		return w.propose(chain.Action{Admit: w.application(&twin, asItStands)})
	}},
	{"key that was revoked", "key_taken", func(w *town) []byte {
		w.revoke(w.DM, w.DM)
		twin := *w.DM
		twin.GLN = w.stranger().GLN
		return w.propose(chain.Action{Admit: w.application(&twin, asItStands)})
	}},
	{"message is noise", "non_canonical", func(w *town) []byte {
		a := w.application(w.stranger(), asItStands)
		a.Message = []byte("noise")
		return w.propose(chain.Action{Admit: a})
	}},
	{"body is noise", "non_canonical", func(w *town) []byte {
		a := w.application(w.stranger(), asItStands)
		a.Body = []byte("noise")
		return w.propose(chain.Action{Admit: a})
	}},
	{"name changed on the way", "bad_application", func(w *town) []byte {
		return w.rewritten(func(b envelope.Body) envelope.Body { b[3].Value = []byte(`"Stranger & Co"`); return b })
	}},
	{"endpoint withheld", "bad_application", func(w *town) []byte {
		return w.rewritten(func(b envelope.Body) envelope.Body { return b.Disclose("chain", "key", "name", "roles") })
	}},
	{"new key that is none", "bad_application", func(w *town) []byte {
		return w.propose(chain.Action{Rekey: w.application(w.DD, func(a *pedigree.Application, _ *envelope.Claims) { a.Key = nil })})
	}},
	{"new key that was registered", "key_taken", func(w *town) []byte {
		return w.propose(chain.Action{Rekey: w.application(w.DD, asItStands)})
	}},
	{"new key for a stranger", "unknown_member", func(w *town) []byte {
		return w.propose(chain.Action{Rekey: w.application(w.stranger(), asItStands)})
	}},
	{"removed for good", "bad_status", func(w *town) []byte {
		w.stand(w.DD2, chain.Removed)
		return w.standing(w.DD2, func(*chain.Standing) {})
	}},
	{"standing of a stranger", "unknown_member", func(w *town) []byte { return w.standing(w.stranger(), func(*chain.Standing) {}) }},
	{"unknown status", "bad_status", func(w *town) []byte { return w.standing(w.DD2, func(s *chain.Standing) { s.Status = 4 }) }},
	{"status zero", "bad_status", func(w *town) []byte { return w.standing(w.DD2, func(s *chain.Standing) { s.Status = 0 }) }},
	{"standing without role", "bad_application", func(w *town) []byte { return w.standing(w.DD2, func(s *chain.Standing) { s.Roles = nil }) }},
	{"standing with a prefix unsorted", "bad_application", func(w *town) []byte {
		return w.standing(w.DD2, func(s *chain.Standing) { s.Prefixes = []string{"5001", "5000"} })
	}},
	{"standing with a prefix of another", "prefix_taken", func(w *town) []byte {
		return w.standing(w.DM2, func(s *chain.Standing) { s.Prefixes = []string{"4000003"} })
	}},
	{"last governor", "last_governor", func(w *town) []byte { return w.standing(w.BCC, func(s *chain.Standing) { s.Status = chain.Suspended }) }},
	{"last governor's role", "last_governor", func(w *town) []byte {
		return w.standing(w.BCC, func(s *chain.Standing) { s.Roles = []chain.Role{chain.Courier} })
	}},
}

// rewritten is a stranger's admission with another body than was signed.
func (w *town) rewritten(change func(envelope.Body) envelope.Body) []byte {
	w.T.Helper()
	a := w.application(w.stranger(), asItStands)
	body, err := envelope.DecodeBody(a.Body)
	if err != nil {
		w.T.Fatal(err)
	}
	if a.Body, err = canon.CBOR(change(body)); err != nil {
		w.T.Fatal(err)
	}
	return w.propose(chain.Action{Admit: a})
}

func (w *town) standing(o *ledgertest.Org, change func(*chain.Standing)) []byte {
	s := &chain.Standing{Member: o.GLN, Roles: o.Roles, Prefixes: append([]string{}, o.Prefixes...), Status: chain.Active}
	change(s)
	return w.propose(chain.Action{Standing: s})
}

var profileRefusals = []refused{
	{"no name", "bad_application", func(w *town) []byte { return w.DD.Tx(w.Now, chain.KindProfile, chain.Profile{}) }},
	{"long name", "bad_application", func(w *town) []byte {
		return w.DD.Tx(w.Now, chain.KindProfile, chain.Profile{Name: strings.Repeat("n", 201)})
	}},
	{"endpoint", "bad_application", func(w *town) []byte {
		return w.DD.Tx(w.Now, chain.KindProfile, chain.Profile{Name: "n", Endpoint: "gopher://example.org"})
	}},
	{"long endpoint", "bad_application", func(w *town) []byte {
		return w.DD.Tx(w.Now, chain.KindProfile, chain.Profile{Name: "n", Endpoint: "http://" + strings.Repeat("a", 200)})
	}},
	{"seal key", "bad_application", func(w *town) []byte {
		return w.DD.Tx(w.Now, chain.KindProfile, chain.Profile{Name: "n", SealKey: make([]byte, 65)})
	}},
	{"noise", "non_canonical", func(w *town) []byte {
		tx := w.DD.Plain(w.Now, chain.KindProfile, 0)
		return w.DD.Sign(tx)
	}},
}

// A member is what its application and the governors' decision say.
func TestAdmission(t *testing.T) {
	w := newTown(t)
	o := ledgertest.NewOrg(t, "Newcomer", "400000000098", []string{"4999", "599900000000"}, chain.Distributor, chain.Pharmacy)
	w.Admit(w.propose(chain.Action{Admit: w.application(o, func(_ *pedigree.Application, c *envelope.Claims) {
		c.Expires = c.IssuedAt + 1 // the last second
	})}))
	var m chain.Member
	w.Read(chain.MemberKey(o.GLN), &m)
	if m.Name != o.Name || m.Status != chain.Active || !slices.Equal(m.Roles, o.Roles) || !bytes.Equal(m.Keys[0].Point, key(o).Point()) || m.Keys[0].From != chain.Millis(w.Now) {
		t.Errorf("member %+v", m)
	}
	w.Admit(o.Tx(w.Now, chain.KindProfile, chain.Profile{Name: "New name", Endpoint: "https://new.example", SealKey: key(o).Point()}))
	w.Read(chain.MemberKey(o.GLN), &m)
	if m.Name != "New name" || m.Endpoint != "https://new.example" || len(m.SealKey) != envelope.KeySize {
		t.Errorf("member %+v", m)
	}
}

// Attack 000-23: an application that writes out what is empty is another one.
func TestSpellingsOfApplications(t *testing.T) {
	w := newTown(t)
	o := w.stranger()
	body, err := envelope.DecodeBody(w.application(o, asItStands).Body)
	if err != nil {
		t.Fatal(err)
	}
	c := o.Apply(w.Now).Envelope.Claims
	admit := func(b envelope.Body) []byte {
		t.Helper()
		m, err := envelope.Sign(o.Key, c, b)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := canon.CBOR(b)
		if err != nil {
			t.Fatal(err)
		}
		return w.propose(chain.Action{Admit: &chain.Application{Message: m.Envelope.Raw(), Body: raw}})
	}
	for _, f := range []envelope.Field{
		{Name: "prefixes", Value: []byte(`null`)},
		{Name: "reference", Value: []byte(`"governor"`)},
		{Name: "seal_key", Value: []byte(`null`)},
	} {
		i := slices.IndexFunc(body, func(g envelope.Field) bool { return g.Name > f.Name })
		if i < 0 {
			i = len(body)
		}
		w.Refuse("bad_application", admit(slices.Insert(slices.Clone(body), i, f)))
	}
	w.Admit(admit(body))
}

// No seal key has one encoding, however it was left out.
func TestProfileHasOneEncoding(t *testing.T) {
	w := newTown(t)
	w.Admit(w.DD.Tx(w.Now, chain.KindProfile, chain.Profile{Name: "n", SealKey: []byte{}}))
	first := w.State.Records[string(chain.MemberKey(w.DD.GLN))]
	w.Admit(w.DD.Tx(w.Now, chain.KindProfile, chain.Profile{Name: "n"}))
	if again := w.State.Records[string(chain.MemberKey(w.DD.GLN))]; !bytes.Equal(again, first) {
		t.Errorf("records\n%x\n%x", first, again)
	}
}

// A prefix that its member gave up is free; a suspended member keeps its own, and
// may come back.
func TestPrefixesAndStanding(t *testing.T) {
	w := newTown(t)
	w.Admit(w.standing(w.DM2, func(s *chain.Standing) { s.Prefixes, s.Status = []string{"49990"}, chain.Suspended }))
	w.Refuse("prefix_taken", w.standing(w.MS2, func(s *chain.Standing) { s.Prefixes = []string{"499901"} }))
	w.Admit(w.standing(w.MS2, func(s *chain.Standing) { s.Prefixes = []string{"40000031", "400000319"} }))
	w.Refuse("member_inactive", w.DM2.Tx(w.Now, chain.KindEvidence, chain.Evidence{Digest: canon.Digest{1}}))
	w.Admit(w.standing(w.DM2, func(s *chain.Standing) { s.Prefixes = []string{} }))
	w.Admit(w.DM2.Tx(w.Now, chain.KindEvidence, chain.Evidence{Digest: canon.Digest{1}}))
}

// A member who lost all keys is given a new one; what it had stays its own.
func TestRekey(t *testing.T) {
	w := newTown(t)
	w.revoke(w.DM, w.DM)
	again := ledgertest.NewOrg(t, w.DM.Name, w.DM.GLN[:12], w.DM.Prefixes, w.DM.Roles...)
	w.Admit(w.propose(chain.Action{Rekey: w.application(again, asItStands)}))
	w.DM = again
	w.Admit(w.DM.Tx(w.Now, chain.KindUnits, chain.Units{Batch: w.Batch, From: chain.UnitActive, To: chain.UnitLocked, Ranges: []chain.Range{{From: 60, To: 70}}}))
}

// What one decision may change has bounds, so that the next one can be taken.
func TestParams(t *testing.T) {
	w := newTown(t)
	p := chain.Params{Window: 60_000, Undo: 0, Proposal: 3600_000, Numerator: 1, Denominator: 1}
	w.Admit(w.propose(chain.Action{Params: &p}))
	var got chain.Params
	w.Read(chain.ParamsKey(), &got)
	if got != p {
		t.Errorf("parameters %+v, want %+v", got, p)
	}
	tx := w.note()
	w.Now = w.Now.Add(time.Minute)
	w.Refuse("stale", tx)
	const year = 366 * 24 * 3600_000
	w.Admit(w.propose(chain.Action{Params: &chain.Params{Window: year, Undo: year, Proposal: year, Numerator: 501, Denominator: 1000}}))
}
