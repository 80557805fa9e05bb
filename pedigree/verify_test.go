package pedigree_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/pedigree"
)

const (
	step1 = pedigree.StepDistribution
	step2 = pedigree.StepApproval
	step3 = pedigree.StepMaterial
)

// Paper 000, IV-I, step 4: everything is verified, the drug is legal. The steps
// are gone through in the paper's order, and in each the answer comes first.
func TestStep4TheDrugIsLegal(t *testing.T) {
	h := newTale(t).tell()
	var got []string
	h.Passed = func(step pedigree.Step, check string) {
		words := strings.Fields(check)
		got = append(got, fmt.Sprintf("%s: %s", step, strings.Join(words[:min(2, len(words))], " ")))
	}
	if f := h.Verify(); f != nil {
		t.Fatal(f)
	}
	want := []string{
		"distribution: exchange 6", "distribution: exchange 5", "distribution: manufacturer and",
		"distribution: exchange 8", "distribution: exchange 7", "distribution: handed over",
		"approval: exchange 4", "approval: exchange 3", "approval: certificate EU/1/26/001:",
		"material: exchange 2", "material: exchange 1", "material: 1 lots",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]gs1.LGTIN{material}, h.Lots()); diff != "" {
		t.Errorf("Lots (-want +got):\n%s", diff)
	}
	if h.Certificate == nil || h.Certificate.Subject.Number != number {
		t.Errorf("Certificate = %v, want %s", h.Certificate, number)
	}
}

// equations are the paper's BC ≟ h(r, s) of the third party's phase, by exchange.
var equations = []struct {
	equation, exchange int
	step               pedigree.Step
	blame              chain.Role
	text               string
}{
	{68, 6, step1, chain.Distributor, "the expiry date is tampered by the distributor"},
	{69, 5, step1, chain.Distributor, "the expiry date is tampered by the distributor"},
	{70, 4, step2, chain.Manufacturer, "the certificate is forged by the manufacturer, the drug is not approved by the drug administration"},
	{71, 3, step2, chain.Manufacturer, "the certificate is forged by the manufacturer, the drug is not approved by the drug administration"},
	{72, 2, step3, chain.Supplier, "the material content is tampered by the supplier"},
	{73, 1, step3, chain.Supplier, "the material content is tampered by the supplier"},
}

// Paper 000, equations 68 to 73, and the same of the exchanges after the paper's.
func TestEquations68To73(t *testing.T) {
	for _, e := range equations {
		t.Run(fmt.Sprintf("equation %d", e.equation), func(t *testing.T) {
			h := newTale(t).tell()
			at(h, e.exchange).PaperBC[7] ^= 1
			f := h.Verify()
			want{e.step, e.blame, false, pedigree.ErrPaperBC}.check(t, f)
			if !strings.HasPrefix(f.Error(), e.text+": ") {
				t.Errorf("Error = %q, want the paper's %q", f, e.text)
			}
		})
	}
	for _, n := range []int{7, 8} {
		h := newTale(t).tell()
		at(h, n).PaperBC[7] ^= 1
		want{step1, chain.Distributor, false, pedigree.ErrPaperBC}.check(t, h.Verify())
	}
}

// Paper 000, IV-I: when everything is wrong, what the paper verifies first is
// named first. Mended in that order, each next one shows.
func TestStepsComeInThePapersOrder(t *testing.T) {
	h := newTale(t).tell()
	order := []int{6, 5, 8, 7, 4, 3, 2, 1}
	for _, n := range order {
		at(h, n).PaperBC[7] ^= 1
	}
	for _, n := range order {
		f := h.Verify()
		if f == nil || !strings.Contains(f.Error(), fmt.Sprintf("exchange %d ", n)) {
			t.Errorf("Verify = %v, want exchange %d", f, n)
		}
		at(h, n).PaperBC[7] ^= 1
	}
	if f := h.Verify(); f != nil {
		t.Errorf("mended: %v", f)
	}
}

// Every exchange: what can be changed in transit or stored wrongly is found in
// the step of the exchange, and proves nothing against anybody.
func TestChangedExchange(t *testing.T) {
	for name, c := range map[string]struct {
		change func(s *tale, l *pedigree.Link)
		reason error
	}{
		"unreadable":            {func(_ *tale, l *pedigree.Link) { *l = pedigree.Link{Type: l.Type, Err: envelope.ErrNonCanonical} }, envelope.ErrNonCanonical},
		"signature":             {func(s *tale, l *pedigree.Link) { l.Message = flipSignature(s.t, l.Message) }, envelope.ErrSignature},
		"salt":                  {func(_ *tale, l *pedigree.Link) { l.Body = slices.Clone(l.Body); changeFirst(l.Body) }, envelope.ErrBody},
		"field dropped":         {func(_ *tale, l *pedigree.Link) { l.Body = l.Body[1:] }, envelope.ErrBody},
		"anchor's signature":    {func(_ *tale, l *pedigree.Link) { a := *l.Anchor; a.Signature.Bytes[3] ^= 1; l.Anchor = &a }, envelope.ErrSignature},
		"anchor's key":          {func(_ *tale, l *pedigree.Link) { a := *l.Anchor; a.Signature.KeyID[3] ^= 1; l.Anchor = &a }, envelope.ErrUnknownKey},
		"anchored by another":   {func(s *tale, l *pedigree.Link) { l.Anchorer = s.stranger.GLN }, pedigree.ErrAnchor},
		"anchored before there": {func(s *tale, l *pedigree.Link) { l.Anchored = l.Anchored.AddDate(0, 0, -1) }, envelope.ErrKeyInvalid},
		"called another type":   {func(_ *tale, l *pedigree.Link) { l.Type = "dmms/2" }, envelope.ErrType},
	} {
		for n := 1; n <= 8; n++ {
			t.Run(fmt.Sprintf("%s of exchange %d", name, n), func(t *testing.T) {
				s := newTale(t)
				h := s.tell()
				c.change(s, at(h, n))
				w := want{step1, chain.Distributor, false, c.reason}
				if n < 5 {
					e := equations[6-n]
					w.step, w.blame = e.step, e.blame
				}
				w.check(t, h.Verify())
			})
		}
	}
}

// flipSignature returns the message with one bit of s changed.
func flipSignature(t *testing.T, e *envelope.Envelope) *envelope.Envelope {
	t.Helper()
	out, err := envelope.ParseJWS([]byte(flipLast(t, string(e.Raw()))))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// flipLast changes the last bit of a JWS.
func flipLast(t *testing.T, jws string) string {
	t.Helper()
	dot := strings.LastIndexByte(jws, '.')
	sig, err := canon.ParseText(jws[dot+1:])
	if err != nil {
		t.Fatal(err)
	}
	sig[63] ^= 1
	return jws[:dot+1] + canon.Text(sig)
}

func changeFirst(b envelope.Body) {
	if b[0].Withheld() {
		b[0].Hash[0] ^= 1
	} else {
		b[0].Salt[0] ^= 1
	}
}

// A history without one of its exchanges is not believed. Who could have left a
// receipt out is not asked: it proves nothing that the pack needs.
func TestDroppedExchange(t *testing.T) {
	for n, w := range map[int]want{
		1: {step3, chain.Supplier, false, pedigree.ErrMissing},
		2: {step3, chain.Supplier, false, pedigree.ErrMissing},
		3: {step2, chain.Manufacturer, false, pedigree.ErrMissing},
		4: {step2, chain.Manufacturer, false, pedigree.ErrMissing},
		5: {step1, chain.Manufacturer, false, pedigree.ErrMissing},
		6: {step1, chain.Distributor, false, pedigree.ErrMissing},
		7: {step1, chain.Distributor, false, pedigree.ErrMissing},
	} {
		h := newTale(t).tell()
		h.Links = slices.Delete(h.Links, n-1, n)
		w.check(t, h.Verify())
	}
	h := newTale(t).tell()
	h.Links = h.Links[:7]
	if f := h.Verify(); f != nil {
		t.Errorf("without the receipt: %v", f)
	}
	h = newTale(t).tell()
	h.Links = nil
	want{step1, chain.Manufacturer, false, pedigree.ErrMissing}.check(t, h.Verify())
}

// A type that no history has is found before anything else.
func TestUnknownExchange(t *testing.T) {
	h := newTale(t).tell()
	h.Links = append(h.Links, pedigree.Link{Type: "xins/1", Err: envelope.ErrNonCanonical})
	want{step1, chain.Distributor, false, envelope.ErrType}.check(t, h.Verify())
}

// Attack 000-17: who says later that his key was stolen does not undo what was
// anchored before; what is anchored after a revocation does not count.
func TestLogTimeDecidesOnRevokedKeys(t *testing.T) {
	s := newTale(t)
	h := s.tell()
	s.change(s.dm, func(k *envelope.Holder) { k.Revoked = s.now.Add(time.Second) })
	if f := h.Verify(); f != nil {
		t.Errorf("revoked after the last anchor: %v", f)
	}
	for n, w := range map[int]want{
		5: {step1, chain.Distributor, false, envelope.ErrKeyInvalid},
		3: {step1, chain.Distributor, false, envelope.ErrKeyInvalid}, // 5 and 6 come later still
	} {
		s.change(s.dm, func(k *envelope.Holder) { k.Revoked = at(h, n).Anchored })
		w.check(t, h.Verify())
	}
	s.change(s.dm, func(k *envelope.Holder) { k.Revoked, k.Until = time.Time{}, at(h, 1).Anchored })
	want{step1, chain.Distributor, false, envelope.ErrKeyInvalid}.check(t, h.Verify())
}

// The key of nobody, and the key of a member who is not the one named.
func TestKeysOfOthers(t *testing.T) {
	t.Run("unknown", func(t *testing.T) {
		s := newTale(t)
		h := s.tell()
		delete(s.holders, s.key(s.ms).ID())
		want{step3, chain.Supplier, false, envelope.ErrUnknownKey}.check(t, h.Verify())
	})
	// Attack 000-07: the distributor's name under another member's key. The other
	// signed it, which his own key proves.
	t.Run("impersonation", func(t *testing.T) {
		s := newTale(t)
		h := s.tell()
		l := at(h, 6)
		forged := s.sign(s.stranger, s.dm, l.Body, envelope.Claims{
			Audience: s.dm.GLN, Issuer: s.dd.GLN, Type: l.Type, Prev: l.Message.Claims.Prev,
		})
		*l = forged
		w := want{step1, chain.Manufacturer, true, envelope.ErrKeyID}
		w.check(t, h.Verify())
		// If the signature does not verify, somebody only wrote his key's name there.
		l.Message = flipSignature(t, l.Message)
		w.blame, w.proven = chain.Distributor, false
		w.check(t, h.Verify())
	})
	t.Run("anchored with the key of another", func(t *testing.T) {
		s := newTale(t)
		h := s.tell()
		l := at(h, 2)
		raw := s.stranger.Anchor(s.now, &envelope.Message{Body: l.Body, Envelope: l.Message})
		var err error
		if l.Anchor, err = envelope.ParseSign1(raw, chain.TxType); err != nil {
			t.Fatal(err)
		}
		want{step3, chain.Supplier, false, envelope.ErrKeyID}.check(t, h.Verify())
	})
	t.Run("anchored with a revoked key", func(t *testing.T) {
		s := newTale(t)
		h := s.tell()
		s.change(s.pharmacy, func(k *envelope.Holder) { k.Revoked = s.from })
		h.Links = h.Links[:7]
		want{step1, chain.Distributor, false, envelope.ErrKeyInvalid}.check(t, h.Verify())
	})
}

func TestFailureText(t *testing.T) {
	f := &pedigree.Failure{Step: step3, Blame: chain.Manufacturer, Err: pedigree.ErrMissing}
	if got, want := f.Error(), "the material content is tampered by the manufacturer: an exchange of the history is missing"; got != want {
		t.Errorf("Error = %q, want %q", got, want)
	}
}
