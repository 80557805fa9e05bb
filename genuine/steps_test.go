package genuine_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"reflect"
	"slices"
	"testing"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
)

// Paper 001, 3.2, steps 1 and 2: from the input signal P1 and U1 the judgment section
// determines whether the measurement is valid; for what is not there is no key.
func TestRegistrationJudges(t *testing.T) {
	s := newScene(t)
	if v, err := s.key.Verification(bad(), s.transaction(0)); !errors.Is(err, genuine.ErrNotLegitimate) || !v.IsZero() {
		t.Errorf("a counterfeit: %s, %v, want no verification information", v, err)
	}
	if v, err := s.key.Verification(good()[1:], s.transaction(0)); !errors.Is(err, genuine.ErrReading) || !v.IsZero() {
		t.Errorf("half of the features: %s, %v", v, err)
	}
}

// Paper 001, 3.2, step 3: Key1 comes of the judgment value and the transaction
// information, of all of it, and of nothing that was measured.
func TestRegistrationGenerates(t *testing.T) {
	s := newScene(t)
	verification := func(key *genuine.LineKey, u *genuine.Transaction, r []genuine.Reading) canon.Digest {
		v, err := key.Verification(r, u)
		s.must(err)
		return v
	}
	first := verification(&s.key, s.transaction(0), good())
	for i, c := range criteria() {
		for _, q := range []genuine.Quantity{c.Low, c.High} {
			r := good()
			r[i].Value = q
			if got := verification(&s.key, s.transaction(0), r); got != first {
				t.Errorf("%s of %s: %s, want %s", c.Feature, q, got, first)
			}
		}
	}
	other := s.key
	other.J[0] ^= 1
	if verification(&other, s.transaction(0), good()) == first {
		t.Error("another judgment value gives the same key")
	}
	for name, change := range bentTransactions() {
		u := s.transaction(0)
		change(u)
		if v, err := s.key.Verification(good(), u); v == first {
			t.Errorf("other %s: the same key, %v", name, err)
		}
	}
}

// bentTransactions change one field of U each, and leave none out.
func bentTransactions() map[string]func(u *genuine.Transaction) {
	return map[string]func(u *genuine.Transaction){
		"Chain": func(u *genuine.Transaction) { u.Chain += "x" }, "Counter": func(u *genuine.Transaction) { u.Counter++ },
		"Epoch": func(u *genuine.Transaction) { u.Epoch++ }, "From": func(u *genuine.Transaction) { u.From = deliverer },
		"Fields": func(u *genuine.Transaction) { u.Fields = map[string]string{"temperature": "5 °C"} },
		"Index":  func(u *genuine.Transaction) { u.Index++ }, "Item": func(u *genuine.Transaction) { u.Item += "0" },
		"Line": func(u *genuine.Transaction) { u.Line[0] ^= 1 }, "Place": func(u *genuine.Transaction) { u.Place = deliverer },
		"Random": func(u *genuine.Transaction) { u.Random[15] ^= 1 }, "To": func(u *genuine.Transaction) { u.To = deliverer },
	}
}

// The list above names every field, also one that is added to U one day.
func TestBentTransactions(t *testing.T) {
	bent := bentTransactions()
	of := reflect.TypeFor[genuine.Transaction]()
	for i := range of.NumField() {
		if bent[of.Field(i).Name] == nil {
			t.Errorf("no test bends %s", of.Field(i).Name)
		}
	}
	if len(bent) != of.NumField() {
		t.Errorf("%d changes of %d fields", len(bent), of.NumField())
	}
}

// Paper 001, 3.2, step 4: the registration section links verification information to
// what identifies the thing. The device signs for the member who registers it.
func TestRegistrationRegisters(t *testing.T) {
	s := newScene(t)
	signed, err := chain.Registered(chainID, maker, &s.registration.Terms)
	s.must(err)
	sig, err := envelope.SignDigest(s.makers.Key, signed)
	s.must(err)
	arg := chain.Register{Terms: s.registration.Terms, Device: kid(t, s.makers), Signature: sig}
	check := func(change func(r *chain.Register)) error {
		r := arg
		r.Signature = bytes.Clone(arg.Signature)
		change(&r)
		return genuine.CheckRegister(chainID, maker, &r, &s.line)
	}
	s.must(check(func(*chain.Register) {}))
	for name, change := range map[string]func(r *chain.Register){
		"line": func(r *chain.Register) { r.Terms.Line[0] ^= 1 }, "epoch": func(r *chain.Register) { r.Terms.Epoch++ },
		"counter": func(r *chain.Register) { r.Terms.Counter++ }, "consignee": func(r *chain.Register) { r.Terms.To = deliverer },
		"place": func(r *chain.Register) { r.Terms.Place = deliverer }, "root": func(r *chain.Register) { r.Terms.Root[0] ^= 1 },
		"batch":     func(r *chain.Register) { r.Terms.Batch[0] ^= 1 },
		"packs":     func(r *chain.Register) { r.Terms.Ranges = []chain.Range{{From: 40, To: 49}} },
		"whole":     func(r *chain.Register) { r.Terms.Whole = true },
		"material":  func(r *chain.Register) { r.Terms.Material = &gs1.LGTIN{GTIN: product, Lot: "A"} },
		"signature": func(r *chain.Register) { r.Signature[40] ^= 1 }, "no signature": func(r *chain.Register) { r.Signature = nil },
		"another device":   func(r *chain.Register) { r.Device = kid(t, s.theirs) },
		"no device's name": func(r *chain.Register) { r.Device = canon.Digest{} },
	} {
		if err := check(change); !errors.Is(err, genuine.ErrDevice) {
			t.Errorf("%s: %v, want ErrDevice", name, err)
		}
	}
	if err := genuine.CheckRegister(chainID, deliverer, &arg, &s.line); !errors.Is(err, genuine.ErrDevice) {
		t.Errorf("for another member: %v, want ErrDevice", err)
	}
	if err := genuine.CheckRegister("another chain", maker, &arg, &s.line); !errors.Is(err, genuine.ErrDevice) {
		t.Errorf("for another chain: %v, want ErrDevice", err)
	}
}

// Paper 001, 3.3, steps 1 and 2: P2 and U2 are given to the verification device, whose
// judgment section yields nothing for what is out of range.
func TestVerificationJudges(t *testing.T) {
	s := newScene(t)
	for name, r := range map[string][]genuine.Reading{"counterfeit": bad(), "nothing measured": nil} {
		if a, err := s.key.Answer(s.challenge(0), r, s.theirs.Key); err == nil || a != nil {
			t.Errorf("%s: %v, %v, want no answer", name, a, err)
		}
	}
}

// Paper 001, 3.3, step 3: with P2 and U2 as P1 and U1, "Key2 without noise is always
// equal to Key1"; nothing corrects it. And no other U2 makes it.
func TestVerificationGenerates(t *testing.T) {
	s := newScene(t)
	for i := range uint64(len(s.marks)) {
		noisy := good()
		noisy[0].Value += genuine.Quantity(1000 * i)
		a, err := s.key.Answer(s.challenge(i), noisy, s.theirs.Key)
		s.must(err)
		if got := chain.MarkLeaf(chain.Verification(a.Key)); got != s.marks[i] {
			t.Errorf("pack %d: Key2 is not Key1", i)
		}
	}
	for name, change := range bentTransactions() {
		c := s.challenge(0)
		change(&c.Transaction)
		a, err := s.key.Answer(c, good(), s.theirs.Key)
		switch name {
		case "Epoch", "Line": // not of this device's judgment value
			if !errors.Is(err, genuine.ErrTransaction) || a != nil {
				t.Errorf("other %s: %v, %v, want ErrTransaction", name, a, err)
			}
		default:
			s.must(err)
			if chain.MarkLeaf(chain.Verification(a.Key)) == s.marks[0] {
				t.Errorf("other %s: Key2 is Key1", name)
			}
			c.Transaction.Index = 0
			if err := s.identify(c, a); !errors.Is(err, genuine.ErrProof) {
				t.Errorf("other %s: %v, want ErrProof", name, err)
			}
		}
	}
}

// Paper 001, 3.3, step 4: the output section provides Key2 – here the proof of it – to
// the identification device. Key and J are not in it, and each answer is of one
// challenge.
func TestVerificationOutputs(t *testing.T) {
	s := newScene(t)
	a, b := s.answer(s.challenge(0)), s.answer(s.challenge(0))
	if !bytes.Equal(a.Key, b.Key) || bytes.Equal(a.Proof, b.Proof) || bytes.Equal(a.Signature, b.Signature) {
		t.Error("two challenges for a thing: want one key, and proofs and signatures of their own")
	}
	if a.Device != kid(t, s.theirs) {
		t.Errorf("answer of device %s", a.Device)
	}
	if err := s.identify(s.challenge(0), a); !errors.Is(err, genuine.ErrProof) {
		t.Errorf("the answer to another challenge: %v, want ErrProof", err)
	}
}

// Paper 001, 3.4, steps 1 and 2: Key2 is held against the verification information of
// the registration, here with the device's own signature and the way to the root.
func TestIdentificationVerifies(t *testing.T) {
	s := newScene(t)
	c := s.challenge(5)
	a := s.answer(c)
	i, err := c.Identify(a, s.path(5), &s.registration, &s.line)
	s.must(err)
	if i.Index != 5 || i.Place != consignee || i.Nonce != c.Nonce || i.Registration != s.id {
		t.Errorf("argument %+v", i)
	}
	// Step 3 is the ledger's, which checks the same.
	s.must(genuine.CheckIdentify(chainID, consignee, i, &s.registration, &s.line))
	// Attack 001-08: it is nothing to who copies it.
	if err := genuine.CheckIdentify(chainID, deliverer, i, &s.registration, &s.line); !errors.Is(err, genuine.ErrProof) {
		t.Errorf("for another consignee: %v, want ErrProof", err)
	}
	if err := genuine.CheckIdentify("another chain", consignee, i, &s.registration, &s.line); !errors.Is(err, genuine.ErrProof) {
		t.Errorf("on another chain: %v, want ErrProof", err)
	}
}

// parts are all that an identification is made of.
type parts struct {
	c    genuine.Challenge
	a    genuine.Answer
	path chain.Hashes
	r    chain.Registration
	l    chain.Line
}

// A bend changes one of them.
type bend struct {
	change func(p *parts)
	want   error
}

// Every part of answer, challenge, registration and line that is bent is refused.
func TestIdentifyBent(t *testing.T) {
	s := newScene(t)
	c := s.challenge(5)
	a := s.answer(c)
	for name, tt := range s.bends(c) {
		p := parts{*c, genuine.Answer{
			Key: bytes.Clone(a.Key), Proof: bytes.Clone(a.Proof), Device: a.Device, Signature: bytes.Clone(a.Signature),
		}, slices.Clone(s.path(5)), s.registration, s.line}
		tt.change(&p)
		if _, err := p.c.Identify(&p.a, p.path, &p.r, &p.l); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	s.must(s.identify(c, a))
}

func (s *scene) bends(c *genuine.Challenge) map[string]bend {
	s.t.Helper()
	forged, err := s.key.Answer(c, good(), ledgertest.NewDevice(&ledgertest.Org{T: s.t, GLN: deliverer}).Key)
	s.must(err)
	_, own, err := ed25519.GenerateKey(nil)
	s.must(err)
	return map[string]bend{
		"registration": {func(p *parts) { p.c.Registration[0] ^= 1 }, genuine.ErrProof},
		"consignee":    {func(p *parts) { p.c.Consignee = deliverer }, genuine.ErrProof},
		"place":        {func(p *parts) { p.c.Place = deliverer }, genuine.ErrProof},
		"nonce":        {func(p *parts) { p.c.Nonce[0] ^= 1 }, genuine.ErrProof},
		"chain":        {func(p *parts) { p.c.Transaction.Chain = "x" }, genuine.ErrProof},
		"index":        {func(p *parts) { p.c.Transaction.Index = 4 }, genuine.ErrProof},
		"index beyond": {func(p *parts) { p.c.Transaction.Index = 8 }, genuine.ErrProof},
		"key":          {func(p *parts) { p.a.Key[0] ^= 1 }, genuine.ErrProof},
		"short key":    {func(p *parts) { p.a.Key = p.a.Key[:31] }, genuine.ErrProof},
		"no key":       {func(p *parts) { p.a.Key = nil }, genuine.ErrProof},
		"own key": {func(p *parts) {
			p.a.Key = canon.Bytes(own[32:])
			p.a.Proof = ed25519.Sign(own, (&chain.Identify{Registration: p.c.Registration, Index: 5, Place: consignee, Nonce: p.c.Nonce}).Identified(chainID, consignee))
		}, genuine.ErrProof},
		"proof":            {func(p *parts) { p.a.Proof[0] ^= 1 }, genuine.ErrProof},
		"proof, high s":    {func(p *parts) { p.a.Proof[63] |= 0xe0 }, genuine.ErrProof},
		"short proof":      {func(p *parts) { p.a.Proof = p.a.Proof[:63] }, genuine.ErrProof},
		"long proof":       {func(p *parts) { p.a.Proof = append(p.a.Proof, 0) }, genuine.ErrProof},
		"path":             {func(p *parts) { p.path[1][0] ^= 1 }, genuine.ErrProof},
		"short path":       {func(p *parts) { p.path = p.path[:2] }, genuine.ErrProof},
		"long path":        {func(p *parts) { p.path = append(p.path, p.path[0]) }, genuine.ErrProof},
		"root":             {func(p *parts) { p.r.Terms.Root[0] ^= 1 }, genuine.ErrProof},
		"fewer marks":      {func(p *parts) { p.r.Terms.Ranges = []chain.Range{{From: 40, To: 44}} }, genuine.ErrProof},
		"one mark":         {func(p *parts) { p.r.Terms.Whole = true }, genuine.ErrProof},
		"no marks":         {func(p *parts) { p.r.Terms.Ranges = nil }, genuine.ErrProof},
		"device":           {func(p *parts) { p.a.Device = kid(s.t, s.makers) }, genuine.ErrDevice},
		"unknown device":   {func(p *parts) { p.a.Device[0] ^= 1 }, genuine.ErrDevice},
		"revoked device":   {func(p *parts) { p.l.Put.Devices = []chain.Device{s.makers.Device} }, genuine.ErrDevice},
		"no devices":       {func(p *parts) { p.l.Put.Devices = nil }, genuine.ErrDevice},
		"broken device":    {func(p *parts) { p.l.Put.Devices = []chain.Device{{Point: []byte{4}}} }, genuine.ErrDevice},
		"stranger's":       {func(p *parts) { p.a = *forged }, genuine.ErrDevice},
		"stranger as ours": {func(p *parts) { p.a = *forged; p.a.Device = kid(s.t, s.theirs) }, genuine.ErrDevice},
		"signature":        {func(p *parts) { p.a.Signature[5] ^= 1 }, genuine.ErrDevice},
		"no signature":     {func(p *parts) { p.a.Signature = nil }, genuine.ErrDevice},
	}
}
