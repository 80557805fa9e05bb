package pedigree

import (
	"fmt"
	"slices"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/refusal"
)

// A Step is a step of the verification by a third party (paper 000, IV-I).
type Step string

// The paper's steps, in its order.
const (
	StepDistribution Step = "distribution" // step 1: exchanges 6 and 5, equations 68 and 69
	StepApproval     Step = "approval"     // step 2: exchanges 4 and 3 with Cert_D, equations 70 and 71
	StepMaterial     Step = "material"     // step 3: exchanges 2 and 1, equations 72 and 73
)

// blame is whom the paper names when a step fails, and for what.
var blame = map[Step]struct {
	role chain.Role
	text string
}{
	StepDistribution: {chain.Distributor, "the expiry date is tampered by the distributor"},
	StepApproval:     {chain.Manufacturer, "the certificate is forged by the manufacturer, the drug is not approved by the drug administration"},
	StepMaterial:     {chain.Supplier, "the material content is tampered by the supplier"},
}

var (
	// ErrMissing is returned for a history without one of its exchanges.
	ErrMissing = refusal.New("missing_exchange", "an exchange of the history is missing")
	// ErrPaperBC is returned where BC ≠ h(r, s), the paper's own check.
	ErrPaperBC = refusal.New("bc_mismatch", "the blockchain value is not the hash of the signature")
	// ErrContradiction is returned where what somebody signed contradicts the
	// ledger or what they answered.
	ErrContradiction = refusal.New("contradiction", "signed statements contradict each other or the ledger")
	// ErrAnchor is returned for an anchor that is not its message's receiver's.
	ErrAnchor = refusal.New("bad_anchor", "the message was not anchored by its receiver")
)

// A Failure is why a history is not believed.
type Failure struct {
	Step   Step
	Blame  chain.Role // the party that the paper names, or the one that is proven
	Proven bool       // Blame's own valid signature contradicts the ledger or itself
	Err    error
}

// Error returns the paper's words and the reason.
func (f *Failure) Error() string {
	return fmt.Sprintf("%s: %v", blame[f.Step].text, f.Err)
}

// Unwrap returns the reason.
func (f *Failure) Unwrap() error { return f.Err }

// A Link is one exchange of a history with its anchor. What the ledger has of it
// is the caller's to prove.
type Link struct {
	Type     string // what the evidence calls it
	Err      error  // if it cannot be read; then only Type is set
	Message  *envelope.Envelope
	Body     envelope.Body // with fields withheld
	PaperBC  canon.Digest  // bc_paper as its receiver uploaded it
	Anchor   *envelope.Sign1
	Anchorer string    // GLN of the sender of the anchoring transaction
	Anchored time.Time // of the block

	x       *Exchange
	content Content
	bc      canon.Digest
}

// Facts are what the ledger says, proven by the caller.
type Facts struct {
	Chain       string
	Window      time.Duration
	Holder      func(kid canon.Digest) (envelope.Holder, error)
	Member      func(gln string) (*chain.Member, error)
	Certificate *chain.Certificate // of the batch's certificate number; nil: proven absent
	BatchID     canon.Digest
	Batch       *chain.Batch
	Index       uint64 // of the pack in the batch
}

// A History is the evidence of a third-party verification.
type History struct {
	Links []Link
	Facts Facts
	// Passed is told of each check that a history passes, in order.
	Passed func(step Step, check string)
	// Certificate is Cert_D, once Verify has verified it.
	Certificate *Certificate
}

// Verify returns nil if the exchanges lead from raw material to the pack, or the
// first Failure in the paper's order: distribution, approval, material.
func (h *History) Verify() *Failure {
	if f := h.prepare(); f != nil {
		return f
	}
	for _, step := range []func() *Failure{h.distribution, h.approval, h.material} {
		if f := step(); f != nil {
			return f
		}
	}
	return nil
}

// stepOf returns the step in which the paper verifies an exchange.
func stepOf(x *Exchange) Step {
	switch x.Number {
	case 1, 2:
		return StepMaterial
	case 3, 4:
		return StepApproval
	}
	return StepDistribution
}

// prepare names the links and finds a type that no history has.
func (h *History) prepare() *Failure {
	for i := range h.Links {
		l := &h.Links[i]
		x, err := Find(l.Type)
		if err != nil {
			return fail(StepDistribution, err)
		}
		if l.x = x; l.Err == nil {
			l.bc = l.Message.Digest()
		}
	}
	return nil
}

func fail(step Step, err error) *Failure {
	return &Failure{Step: step, Blame: blame[step].role, Err: err}
}

// prove blames the sender of a link, whose own valid signature is the contradiction.
func (h *History) prove(l *Link, err error) *Failure {
	f := h.at(l, fmt.Errorf("%w: signed by %s", err, l.Message.Claims.Issuer))
	f.Blame, f.Proven = l.x.From[0], true
	return f
}

func (h *History) pass(step Step, format string, args ...any) {
	if h.Passed != nil {
		h.Passed(step, fmt.Sprintf(format, args...))
	}
}

// check verifies one link: what its sender signed, whether that contradicts the
// ledger, and the anchor. A contradiction counts before the anchor is looked at,
// because a message that nobody anchored still shows who signed it.
func (h *History) check(l *Link) *Failure {
	if f := h.signed(l); f != nil {
		return f
	}
	if f := h.contradicts(l); f != nil {
		return f
	}
	if err := h.anchored(l); err != nil {
		return h.at(l, err)
	}
	h.pass(stepOf(l.x), "exchange %d (%s): %s signed, %s verified and anchored at %s",
		l.x.Number, l.x.Type, l.Message.Claims.Issuer, l.Anchorer, l.Anchored.UTC().Format(time.RFC3339))
	return nil
}

// at is the failure of a link for a reason that proves nothing.
func (h *History) at(l *Link, err error) *Failure {
	return fail(stepOf(l.x), fmt.Errorf("exchange %d (%s): %w", l.x.Number, l.x.Type, err))
}

// signed verifies the sender's signature over the full message, with a key that
// counted when the block was made, and the body that it covers.
func (h *History) signed(l *Link) *Failure {
	if l.Err != nil {
		return h.at(l, l.Err)
	}
	if l.Message.Claims.Type != l.Type {
		return h.at(l, envelope.ErrType)
	}
	holder, err := h.Facts.Holder(l.Message.Signature().KeyID)
	if err != nil {
		return h.at(l, err)
	}
	if err := l.Message.Verify(holder, l.Anchored, h.Facts.Window); err != nil {
		if f := h.impersonation(l, holder); f != nil {
			return f
		}
		return h.at(l, err)
	}
	if l.Body.Digest() != l.Message.Claims.BodyDigest {
		return h.at(l, envelope.ErrBody)
	}
	if l.content, err = Read(l.x.Type, l.Body); err != nil {
		return h.at(l, err)
	}
	return nil
}

// anchored verifies that the receiver, who was the right one to ask, uploaded
// the message (equations 68 to 73) and signed for it.
func (h *History) anchored(l *Link) error {
	if l.Message.PaperDigest() != l.PaperBC {
		return ErrPaperBC
	}
	if l.Anchorer != l.Message.Claims.Audience {
		return fmt.Errorf("%w: %s, sent to %s", ErrAnchor, l.Anchorer, l.Message.Claims.Audience)
	}
	receiver, err := h.Facts.Holder(l.Anchor.Signature.KeyID)
	if err != nil {
		return err
	}
	if receiver.Member != l.Anchorer {
		return envelope.ErrKeyID
	}
	if err := receiver.ValidAt(l.Anchored); err != nil {
		return err
	}
	if err := receiver.Key.Verify(l.Anchor.Signature); err != nil {
		return err
	}
	return h.parties(l)
}

// impersonation finds a valid signature by somebody who claims to be another:
// that proves against the owner of the key.
func (h *History) impersonation(l *Link, holder envelope.Holder) *Failure {
	if holder.Member == l.Message.Claims.Issuer || holder.Key.Verify(l.Message.Signature()) != nil {
		return nil
	}
	m, err := h.Facts.Member(holder.Member)
	if err != nil || len(m.Roles) == 0 {
		return nil
	}
	f := h.at(l, fmt.Errorf("%w: %s signed as %s", envelope.ErrKeyID, holder.Member, l.Message.Claims.Issuer))
	f.Blame, f.Proven = m.Roles[0], true
	return f
}

func (h *History) parties(l *Link) error {
	from, err := h.Facts.Member(l.Message.Claims.Issuer)
	if err != nil {
		return err
	}
	to, err := h.Facts.Member(l.Message.Claims.Audience)
	if err != nil {
		return err
	}
	if err := l.x.CheckParties(from, to); err != nil {
		return err
	}
	prev := make([]chain.Anchor, 0, len(l.Message.Claims.Prev))
	for _, bc := range l.Message.Claims.Prev {
		p := h.find(bc)
		if p == nil {
			return fmt.Errorf("%w: %s is not in the evidence", envelope.ErrPrev, bc)
		}
		prev = append(prev, chain.Anchor{
			Type: p.x.Type, Case: p.Message.Claims.Case,
			Issuer: p.Message.Claims.Issuer, Audience: p.Message.Claims.Audience,
		})
	}
	return l.x.CheckPrev(&l.Message.Claims, prev)
}

func (h *History) find(bc canon.Digest) *Link {
	if i := slices.IndexFunc(h.Links, func(l Link) bool { return l.bc == bc }); i >= 0 {
		return &h.Links[i]
	}
	return nil
}

// each checks the links of one type and returns them.
func (h *History) each(typ string) ([]*Link, *Failure) {
	var out []*Link
	for i := range h.Links {
		if l := &h.Links[i]; l.x.Type == typ {
			if f := h.check(l); f != nil {
				return nil, f
			}
			out = append(out, l)
		}
	}
	return out, nil
}

// two checks the links of an answer and of what it answers, the answer first as
// the paper does.
func (h *History) two(answer, question string) (answers, questions []*Link, f *Failure) {
	if answers, f = h.each(answer); f != nil {
		return nil, nil, f
	}
	questions, f = h.each(question)
	return answers, questions, f
}
