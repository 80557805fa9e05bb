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

// blame is whom the paper names when a step fails, and for what. If another is
// proven to have done it, he stands in the paper's sentence.
var blame = map[Step]struct {
	role chain.Role
	text string
}{
	StepDistribution: {chain.Distributor, "the expiry date is tampered by the %s"},
	StepApproval:     {chain.Manufacturer, "the certificate is forged by the %s, the drug is not approved by the drug administration"},
	StepMaterial:     {chain.Supplier, "the material content is tampered by the %s"},
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
	// ErrForeign is returned for an exchange that has no part in the history: it
	// proves nothing of the pack, and who reads it might think that it does.
	ErrForeign = refusal.New("foreign_exchange", "an exchange is not of this pack's history")
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
	return fmt.Sprintf(blame[f.Step].text+": %v", f.Blame, f.Err)
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
	holder  envelope.Holder // of the key that signed Message
	content Content         // set once message and body are verified
	cert    *Certificate    // in a decision, if it can be read
	bc      canon.Digest
}

// Facts are what the ledger says, proven by the caller.
type Facts struct {
	Chain       string
	Now         time.Time // of the block that the facts are of
	Logged      bool      // the log holds every link, at the time that it says
	Holder      func(kid canon.Digest) (envelope.Holder, error)
	Member      func(gln string) (*chain.Member, error)
	Certificate *chain.Certificate // of the batch's certificate number; nil: proven absent
	BatchID     canon.Digest
	Batch       *chain.Batch
	Index       uint64 // of the pack in the batch
	Custodian   string // GLN of who has the pack
}

// A History is the evidence of a third-party verification.
type History struct {
	Links []Link // in the order of the log
	Facts Facts
	// Passed is told of each check that a history passes, in order.
	Passed func(step Step, check string)
	// Certificate is Cert_D, once Verify has verified it.
	Certificate *Certificate

	byBC map[canon.Digest]*Link // of those that can be read
	gap  *Failure               // the first predecessor that is not in the evidence
}

// Verify returns nil if the exchanges lead from raw material to the pack, or the
// first Failure in the paper's order: distribution, approval, material.
//
// A message that was changed has another digest, so the one that follows it finds
// it missing. That is looked at last: the step that verifies the changed message
// names it first.
func (h *History) Verify() *Failure {
	if f := h.prepare(); f != nil {
		return f
	}
	for _, step := range []func() *Failure{h.distribution, h.approval, h.material} {
		if f := step(); f != nil {
			return f
		}
	}
	if h.gap != nil {
		return h.gap
	}
	return h.foreign()
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

// prepare names the links and finds a type that no history has. Where the
// evidence misnames a message that can be read, the message says whose step it is.
func (h *History) prepare() *Failure {
	h.byBC = make(map[canon.Digest]*Link, len(h.Links))
	for i := range h.Links {
		l := &h.Links[i]
		x, err := Find(l.Type)
		if l.Err == nil {
			l.bc = l.Message.Digest()
			h.byBC[l.bc] = l
			if y, unknown := Find(l.Message.Claims.Type); unknown == nil {
				x, err = y, nil
			}
		}
		if err != nil {
			return fail(StepDistribution, err)
		}
		l.x = x
	}
	return nil
}

func fail(step Step, err error) *Failure {
	return &Failure{Step: step, Blame: blame[step].role, Err: err}
}

// prove blames the sender of a link, whose own valid signature is the contradiction.
func (h *History) prove(l *Link, err error) *Failure {
	f := h.at(l, fmt.Errorf("%w: signed by %s", err, l.Message.Claims.Issuer))
	return h.convict(f, &l.holder, l.x.From)
}

// convict blames the owner of a key that signed what he must not have signed, as
// one of these roles. A key that does not count any more may have been stolen
// before it was used: then only the log, which nobody can date back, tells when
// that was, and without it nothing is proven.
func (h *History) convict(f *Failure, k *envelope.Holder, as []chain.Role) *Failure {
	if !h.Facts.Logged && k.ValidAt(h.Facts.Now) != nil {
		return f
	}
	m, err := h.Facts.Member(k.Member)
	if err != nil || len(m.Roles) == 0 {
		return f
	}
	f.Blame, f.Proven = m.Roles[0], true
	if i := slices.IndexFunc(as, m.Is); i >= 0 {
		f.Blame = as[i]
	}
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
	if l.content != nil {
		return nil
	}
	if l.Err != nil {
		return h.at(l, l.Err)
	}
	if l.Message.Claims.Type != l.Type {
		return h.at(l, envelope.ErrType)
	}
	var err error
	if l.holder, err = h.Facts.Holder(l.Message.Signature().KeyID); err != nil {
		return h.at(l, err)
	}
	if err := l.Message.Verify(l.holder, l.Anchored); err != nil {
		return h.impersonation(h.at(l, err), &l.holder, l.Message.Claims.Issuer, l.Message.Signature(), l.Anchored)
	}
	if l.Body.Digest() != l.Message.Claims.BodyDigest {
		return h.at(l, envelope.ErrBody)
	}
	content, err := Read(l.x.Type, l.Body)
	if err != nil {
		return h.at(l, err)
	}
	l.content = content
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
	return h.linked(l)
}

// linked verifies that the message follows others of the history that it may
// follow. Roles are not asked again: the ledger checked those of the time, and
// somebody may have given his up since.
func (h *History) linked(l *Link) error {
	c := &l.Message.Claims
	prev := make([]chain.Anchor, 0, len(c.Prev))
	for _, bc := range c.Prev {
		p := h.byBC[bc]
		if p == nil {
			h.missing(l, bc)
			return nil
		}
		prev = append(prev, chain.Anchor{
			Type: p.x.Type, Case: p.Message.Claims.Case,
			Issuer: p.Message.Claims.Issuer, Audience: p.Message.Claims.Audience,
		})
	}
	return l.x.CheckPrev(c, prev)
}

// missing notes that a predecessor is not in the evidence, in the step that would
// verify it.
func (h *History) missing(l *Link, bc canon.Digest) {
	if h.gap != nil {
		return
	}
	err := fmt.Errorf("exchange %d (%s): %w: %s is not in the evidence", l.x.Number, l.x.Type, envelope.ErrPrev, bc)
	h.gap = h.at(l, err)
	if len(l.x.Follows) == 0 {
		return
	}
	if x, unknown := Find(l.x.Follows[0]); unknown == nil {
		h.gap = fail(stepOf(x), err)
	}
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
