package redteam

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/envelope"
	paper "theriac/internal/paper/pedigree"
	"theriac/pedigree"
)

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Attack 000-07: a member poses as the sender of each message, and so does nobody.
func TestAttack000_07(t *testing.T) {
	t.Parallel()
	w := stage(t)
	stranger := newKey(t)
	(&walk{w: w, last: 8, before: func(f *flight, _ *api.Receipt) {
		thief := w.hospital.signer(t)
		if f.from == w.hospital || f.to == w.hospital {
			t.Fatal("the hospital is the thief")
		}
		w.refused(t, f.to, f.String()+" by another member", f.sign(t, thief, f.claims), unprocessable, "key_mismatch")
		w.refused(t, f.to, f.String()+" by nobody", f.sign(t, stranger, f.claims), unprocessable, "unknown_key")
		w.refused(t, f.to, f.String()+" under the sender's kid", f.underKey(t, keyOf(t, f.signer), thief), unprocessable, "bad_signature")
	}}).run(t)
}

// Attack 000-13: each message is carried to somebody else, and its sender's own
// message is used again under another ID_BC.
func TestAttack000_13(t *testing.T) {
	t.Parallel()
	w := stage(t)
	var walks []*walk
	k := &walk{w: w, last: 8}
	k.before = func(f *flight, _ *api.Receipt) {
		for _, p := range w.all() {
			if p != f.to {
				w.refused(t, p, f.String()+" at "+p.Name, f.raw, unprocessable, "wrong_audience")
			}
		}
		if len(f.claims.Prev) == 0 {
			return
		}
		c := f.claims
		c.ID, c.Case = newID(), "another-case"
		if x, err := pedigree.Find(c.Type); err == nil && x.Answers {
			w.refused(t, f.to, f.String()+" under another ID_BC", f.sign(t, f.signer, c), unprocessable, "wrong_case")
		}
	}
	k.after = func(f *flight, _ *api.Receipt) {
		if f.number == 5 || f.number == 7 { // the same packs, in a second case
			c := f.claims
			c.ID, c.Case = newID(), "another-case"
			w.refused(t, f.to, f.String()+" again under another ID_BC", f.sign(t, f.signer, c), unprocessable, "not_in_custody")
		}
	}
	walks = append(walks, k.run(t), (&walk{w: w, last: 4}).run(t))
	// DM's dossier of one drug follows the supply of the other's case only by naming
	// it, and its lots are not those.
	f := message(t, w.dm, w.da, walks[0].id, walks[0].dossier(t), walks[1].bc[2])
	w.refused(t, w.da, "dossier after another drug's supply", f.raw, unprocessable, "unknown_material")

	p := newPrint()
	for i, m := range p.trade(t, "case") {
		x := paper.Exchange(i)
		p.takes(t, "by a second receiver", p.other[x.To()], x, m, p.now)
	}
}

// Attack 000-16: one key, one (r, s), two messages; somebody else's (r, s) under a
// key of the attacker's; (r, n−s). BC opens to one message under one key.
func TestAttack000_16(t *testing.T) {
	t.Parallel()
	w := stage(t)
	t.Run("duplicate signature", w.duplicateSignature)
	t.Run("key substitution", w.keySubstitution)
	t.Run("high s", func(t *testing.T) {
		twin := func(f *flight) []byte {
			e := f.envelope(t)
			g := paper.Twin(parsed(t, e.Signature()))
			parts := strings.Split(string(e.Raw()), ".")
			return f.withEnvelope(t, parts[0]+"."+parts[1]+"."+canon.Text(g.Bytes()))
		}
		(&walk{
			w: w, last: 8,
			before: func(f *flight, _ *api.Receipt) { w.refused(t, f.to, f.String(), twin(f), unprocessable, "high_s") },
			after: func(f *flight, _ *api.Receipt) {
				w.refused(t, f.to, f.String()+", second BC", twin(f), unprocessable, "high_s")
			},
		}).run(t)
		p := newPrint()
		m := p.trade(t, "case")[paper.DDDM]
		if bc := p.takes(t, "(r, n−s)", p.by[paper.DM], paper.DDDM, paper.Message{Fields: m.Fields, Sig: paper.Twin(m.Sig)}, p.now); bc == paper.BC(m.Sig) {
			t.Error("control: the twin has the same BC in the print")
		}
	})
}

func parsed(t testing.TB, s envelope.Signature) paper.Signature {
	t.Helper()
	g, err := paper.ParseSignature(s.Bytes[:])
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// signingInput returns header and claims of a message under the name of a key.
func signingInput(t testing.TB, f *flight, kid canon.Digest) string {
	t.Helper()
	text := string(f.envelope(t).Raw())
	header := strings.Replace(`{"alg":"ES256","kid":"KID","typ":"theriac+jws"}`, "KID", kid.String(), 1)
	return canon.Text([]byte(header)) + "." + strings.Split(text, ".")[1]
}

func scalar(t testing.TB, k *ecdsa.PrivateKey) *big.Int {
	t.Helper()
	raw, err := k.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return new(big.Int).SetBytes(raw)
}

// duplicateSignature makes the key for which one (r, s) verifies two orders. The
// key is a proper one and is admitted. But the orders name the key, and so the
// digests for which it was made are not theirs.
func (w *world) duplicateSignature(t *testing.T) {
	order := message(t, w.dm, w.ms, "dup", &pedigree.MaterialRequest{Material: "thyme", Product: "syrup", Quantity: "10 kg"})
	denial := message(t, w.dm, w.ms, "dup", &pedigree.MaterialRequest{Material: "chalk", Product: "syrup", Quantity: "1 kg"})
	gln := "9521141999999"
	for _, f := range []*flight{order, denial} {
		f.claims.Issuer = gln
		f.raw = f.sign(t, f.signer, f.claims)
	}
	guess := keyOf(t, newKey(t)).ID() // no kid can be that of a key made from it
	inputs := []string{signingInput(t, order, guess), signingInput(t, denial, guess)}
	z1, z2 := canon.Sum([]byte(inputs[0])), canon.Sum([]byte(inputs[1]))
	key, g, err := paper.DuplicateSignatureKey(z1[:], z2[:], random())
	if err != nil {
		t.Fatal(err)
	}
	for i, z := range [][]byte{z1[:], z2[:]} {
		if !ecdsa.Verify(&key.PublicKey, z, g.R, g.S) {
			t.Fatalf("the attack is not one: message %d does not verify", i)
		}
	}
	member := w.admit(t, key, chain.Manufacturer)
	kid := keyOf(t, key).ID()
	for i, f := range []*flight{order, denial} {
		w.refused(t, w.ms, "made key, guessed name", f.withEnvelope(t, inputs[i]+"."+canon.Text(g.Bytes())), unprocessable, "unknown_key")
		w.refused(t, w.ms, "made key, its name", f.withEnvelope(t, signingInput(t, f, kid)+"."+canon.Text(g.Bytes())), unprocessable, "key_mismatch")
		f.claims.Issuer = member
		f.raw = f.sign(t, f.signer, f.claims)
		w.refused(t, w.ms, "made key, its name and owner", f.withEnvelope(t, signingInput(t, f, kid)+"."+canon.Text(g.Bytes())), unprocessable, "bad_signature")
	}
	a := w.accepted(t, w.ms, "the made key signs by the rules", order.sign(t, key, order.claims))
	b := w.accepted(t, w.ms, "and a second order", denial.sign(t, key, denial.claims))
	if a.BC == b.BC {
		t.Error("two orders, one BC")
	}

	p := newPrint()
	f1, f2 := p.order("ID-dup", "10 kg thyme"), p.order("ID-dup", "1 kg chalk")
	d, sig, err := paper.DuplicateSignatureKey(paper.DMMS.Digest(f1), paper.DMMS.Digest(f2), random())
	if err != nil {
		t.Fatal(err)
	}
	p.Register("ID-dup", scalar(t, d))
	first := p.takes(t, "duplicate signature", p.by[paper.MS], paper.DMMS, paper.Message{Fields: f1, Sig: sig}, p.now)
	second := p.takes(t, "duplicate signature", p.by[paper.MS], paper.DMMS, paper.Message{Fields: f2, Sig: sig}, p.now)
	if first != second {
		t.Error("control: two BCs in the print, want one")
	}
}

// keySubstitution takes (r, s) of the manufacturer's distribution for a message of
// the attacker's, under the key Q' that makes it verify.
func (w *world) keySubstitution(t *testing.T) {
	var victim *flight
	(&walk{w: w, last: 5, after: func(f *flight, _ *api.Receipt) { victim = f }}).run(t)
	g := parsed(t, victim.envelope(t).Signature())
	mine := *victim
	mine.claims.Issuer, mine.claims.ID = "9521141999999", newID()
	mine.raw = mine.sign(t, newKey(t), mine.claims)
	input := signingInput(t, &mine, keyOf(t, newKey(t)).ID())
	z := canon.Sum([]byte(input))
	pub, err := paper.SubstitutionKey(g, z[:])
	if err != nil || !ecdsa.Verify(pub, z[:], g.R, g.S) {
		t.Fatalf("the attack is not one: %v", err)
	}
	// Without the private key of Q' nobody can apply with it.
	point, err := pub.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	w.refused(t, w.office, "application with Q', not possessed", w.unpossessed(t, point), unprocessable, "bad_application")
	// Who signed the victim's message knows k, and so has d': he is admitted.
	d := w.dm.secretScalar(t)
	before := canon.Sum([]byte(signedPart(victim, t)))
	k, err := paper.Nonce(d, before[:], g)
	if err != nil {
		t.Fatal(err)
	}
	key, err := paper.SubstitutionPrivateKey(g, k, z[:])
	if err != nil || !ecdsa.Verify(&key.PublicKey, z[:], g.R, g.S) {
		t.Fatalf("the attack is not one: %v", err)
	}
	mine.claims.Issuer = w.admit(t, key, chain.Manufacturer)
	mine.raw = mine.sign(t, key, mine.claims)
	sig := "." + canon.Text(g.Bytes())
	w.refused(t, w.dd, "the victim's (r, s) under a guessed name", mine.withEnvelope(t, input+sig), unprocessable, "unknown_key")
	w.refused(t, w.dd, "the victim's (r, s) under Q'", mine.withEnvelope(t, signingInput(t, &mine, keyOf(t, key).ID())+sig), unprocessable, "bad_signature")

	p := newPrint()
	m := p.trade(t, "case")[paper.DMDD]
	theirs := m
	theirs.Fields[paper.ID], theirs.Fields[paper.Detail] = "ID-thief", "mine, not DM's"
	nonce, err := paper.Nonce(p.Operator(m.Fields[paper.ID]).D, paper.DMDD.Digest(m.Fields), m.Sig)
	if err != nil {
		t.Fatal(err)
	}
	stolen, err := paper.SubstitutionPrivateKey(m.Sig, nonce, paper.DMDD.Digest(theirs.Fields))
	if err != nil {
		t.Fatal(err)
	}
	p.Register("ID-thief", scalar(t, stolen))
	if bc := p.takes(t, "key substitution", p.by[paper.DD], paper.DMDD, theirs, p.now); bc != paper.BC(m.Sig) {
		t.Error("control: another BC in the print, want the victim's")
	}
}

func signedPart(f *flight, t testing.TB) string {
	t.Helper()
	text := string(f.envelope(t).Raw())
	return text[:strings.LastIndexByte(text, '.')]
}

// unpossessed is an application with a key whose private half the applicant lacks.
func (w *world) unpossessed(t *testing.T, point []byte) []byte {
	t.Helper()
	a := pedigree.Application{Chain: chainName, Key: point, Name: "Thief", Roles: []chain.Role{chain.Manufacturer}}
	body, err := envelope.BodyOf(&a, newID)
	if err != nil {
		t.Fatal(err)
	}
	f := &flight{from: w.hospital, to: w.office, body: body}
	f.claims = message(t, w.dm, w.ms, "registration", &pedigree.MaterialRequest{Material: "m", Product: "p"}).claims
	f.claims.Audience, f.claims.Type = w.office.GLN, pedigree.TypeApplication
	return f.sign(t, newKey(t), f.claims)
}

// Attack 000-17: a signer signs and then says that the key was stolen. A key can be
// revoked, but not back in time.
func TestAttack000_17(t *testing.T) {
	t.Parallel()
	w := stage(t)
	k := (&walk{w: w, last: 8}).run(t)
	code := k.code(t, 0)
	old := w.dm.signer(t)
	kid := keyOf(t, old).ID()
	inFlight := message(t, w.dm, w.ms, k.id, &pedigree.MaterialRequest{Material: "thyme", Product: "syrup"})
	begun := chain.Millis(time.Now().Add(-time.Second))
	if _, err := client.Post[struct{}](t.Context(), w.dm.API, "/v1/keys", "", nil); err != nil {
		t.Fatal(err)
	}
	if err := client.Delete(t.Context(), w.dm.API, "/v1/keys/"+kid.String()); err != nil {
		t.Fatal(err)
	}
	// The time of the revocation is the block's: the request has no place for one,
	// and once it stands it is not set again.
	first := w.revoked(t, kid)
	if first < begun {
		t.Errorf("revoked at %d, before the request of %d", first, begun)
	}
	leaves := w.leaves(t)
	w.request(t, http.MethodDelete, w.dm, "/v1/keys/"+kid.String()+"?revoked=1", w.dm.token, nil)
	if got := w.revoked(t, kid); got != first || w.leaves(t) != leaves {
		t.Errorf("revoked again: at %d with %d leaves, want %d and %d", got, w.leaves(t), first, leaves)
	}
	if v := w.judge(t, code); v.Verdict != "genuine" {
		t.Errorf("what was anchored before the revocation: %+v", v)
	}
	w.refused(t, w.ms, "signed before, delivered after", inFlight.raw, unprocessable, "key_invalid")
	back := inFlight.claims
	back.IssuedAt -= 120
	w.refused(t, w.ms, "dated back before the revocation", inFlight.sign(t, old, back), unprocessable, "key_invalid")
	w.accepted(t, w.ms, "with the new key", inFlight.sign(t, w.dm.signer(t), inFlight.claims))
}

// revoked returns when a key of the manufacturer's was revoked, as the ledger has it.
func (w *world) revoked(t testing.TB, kid canon.Digest) int64 {
	t.Helper()
	members := get[[]api.Member](t, w.office, "/v1/members", nil)
	m, err := one(*members, func(m api.Member) bool { return m.GLN == w.dm.GLN })
	if err != nil {
		t.Fatal(err)
	}
	k, err := one(m.Keys, func(k api.Key) bool { return k.ID == kid })
	if err != nil {
		t.Fatal(err)
	}
	return k.Revoked
}
