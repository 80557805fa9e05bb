// Package theriac verifies a medicine: evidence in, verdict out.
//
// A Bundle holds the evidence of one pack, from raw material to where it is now:
// the signed messages between supplier, manufacturer, drug administration and
// distributor (paper 000), their anchors on the ledger, the approval certificate,
// the batch and the state of the pack. A Trust is what the verifier brings: the
// chain's name and the validators it believes. Verify needs nothing else; it
// opens no file and no socket and reads no clock.
//
//	bundle, err := theriac.ParseBundle(raw)
//	trust, err := theriac.ParseTrust(pinned)
//	verdict := bundle.Verify(trust, time.Now())
//
// The verdict says whether the pack is genuine and, if not, in which step of the
// paper's verification it failed, whom that step blames, and whether it is proven.
package theriac

import (
	"fmt"
	"math"
	"time"

	"github.com/go-json-experiment/json"

	"theriac/canon"
	"theriac/gs1"
	"theriac/lightclient"
	"theriac/pedigree"
	"theriac/refusal"
)

var (
	// ErrBundle is returned for bytes that are not a bundle.
	ErrBundle = refusal.New("bad_bundle", "the evidence cannot be read")
	// ErrTrust is returned for bytes that are not a trust root.
	ErrTrust = refusal.New("bad_trust", "the trust root cannot be read")
	// ErrLedger is returned for evidence that is not the chain's.
	ErrLedger = refusal.New("not_on_ledger", "the evidence is not what the ledger holds")
	// ErrPack is returned for a pack that its batch does not have.
	ErrPack = refusal.New("unknown_pack", "the batch has no such pack")
	// ErrTransformation is returned for a batch whose making is not shown.
	ErrTransformation = refusal.New("bad_transformation", "the batch was not made of the material shown")
	// ErrCapture is returned for a captured pack that its document does not show.
	ErrCapture = refusal.New("bad_capture", "the document does not show the pack")
	// ErrNotActive is returned for a pack that is not to be supplied.
	ErrNotActive = refusal.New("not_active", "the pack is not active")
	// ErrAlreadyDispensed is returned for a pack that was dispensed.
	ErrAlreadyDispensed = refusal.New("pack_dispensed", "the pack was dispensed already")
	// ErrRecalled is returned for a batch or product that was recalled or withdrawn.
	ErrRecalled = refusal.New("recalled", "the batch or product is recalled or withdrawn")
	// ErrPastExpiry is returned for a pack after its last day of use.
	ErrPastExpiry = refusal.New("past_expiry", "the pack has expired")
	// ErrTooOld is returned for evidence older than the trust root allows: a
	// recall may have come since.
	ErrTooOld = refusal.New("too_old", "the evidence is too old to decide")
	// ErrClock is returned for evidence from the future.
	ErrClock = refusal.New("clock", "the evidence is dated ahead of this clock")
	// ErrUnapproved is the reason of OutcomeCaptured.
	ErrUnapproved = refusal.New("approval_unproven", "captured from a document: no certificate proves an approval")
)

// An Outcome is what a verdict comes to.
type Outcome string

// The outcomes. Captured and CannotCheck decide nothing; they are never genuine.
const (
	Genuine     Outcome = "genuine"
	Refused     Outcome = "refused"
	Captured    Outcome = "captured"
	CannotCheck Outcome = "cannot_check"
)

// The steps beside the paper's (pedigree.Step).
const (
	StepLedger pedigree.Step = "ledger"
	StepPack   pedigree.Step = "pack"
	StepBatch  pedigree.Step = "batch"
)

// A Verdict is what the evidence proves of a pack.
type Verdict struct {
	Verdict   Outcome       `json:"verdict"`
	Step      pedigree.Step `json:"step"`   // where it failed; empty if genuine
	Blame     string        `json:"blame"`  // the role that the step names, or that is proven
	Proven    bool          `json:"proven"` // Blame's own valid signature contradicts the ledger or itself
	Reason    string        `json:"reason"` // code: text
	BlockTime time.Time     `json:"block_time,omitzero"`
	Checks    []Check       `json:"checks"`

	// Facts are what the evidence proves of the pack, as far as it was verified.
	Facts Facts `json:"-"`
}

// A Check is one thing that was verified, and how it went.
type Check struct {
	Step  pedigree.Step `json:"step"`
	Check string        `json:"check"`
	OK    bool          `json:"ok"`
}

// Facts describe a pack, for people.
type Facts struct {
	SGTIN       gs1.SGTIN
	Lot         gs1.Lot
	Expiry      string
	Certificate *pedigree.Certificate
	Materials   []gs1.LGTIN
	Members     map[string]string // name by GLN
	State       string
	Custodian   string // GLN
	Exchanges   []Step
	// Alerts are those that the evidence brings, the newest first. Each is proven;
	// that there are no more is not, for who assembles evidence can leave them out.
	Alerts []Alert
	// Measured are the registrations of the pack and its material, material first, then
	// by counter. The one that the pack has now is among them; others can be left out.
	Measured []Measurement
	Codes    bool // whether the pack has a concealed code
	Redeemed *Redemption
}

// An Alert is what the ledger raised about the pack, as when its code was
// dispensed a second time. It changes no outcome: the state of the pack does.
type Alert struct {
	Code string
	By   string // GLN of whose transaction raised it
	At   time.Time
}

// A Step is a message of the pack's history.
type Step struct {
	Type     string
	From, To string // GLN
	At       time.Time
}

// A Trust is what a verifier pins: a chain and its validators. It may be as old
// as the genesis; bundles bring the headers that lead from there.
type Trust struct {
	ChainID string          `json:"chain_id"`
	Height  lightclient.Int `json:"height"` // of the validators; 0: the genesis
	// MaxAge is how many seconds old evidence may be to count as genuine.
	MaxAge     lightclient.Int         `json:"max_age_seconds"`
	Validators []lightclient.Validator `json:"validators"`
}

// ParseTrust reads a trust root, JSON of any layout; it returns ErrTrust for
// anything else.
func ParseTrust(raw []byte) (Trust, error) {
	var t Trust
	if err := json.Unmarshal(raw, &t, json.RejectUnknownMembers(true)); err != nil {
		return Trust{}, fmt.Errorf("%w: %w", ErrTrust, err)
	}
	if t.MaxAge <= 0 {
		return Trust{}, fmt.Errorf("%w: max_age_seconds is missing", ErrTrust)
	}
	if err := t.root().Check(); err != nil {
		return Trust{}, fmt.Errorf("%w: %w", ErrTrust, err)
	}
	return t, nil
}

// Encode returns the trust root's JSON.
func (t *Trust) Encode() ([]byte, error) { return canon.JSON(t) }

// maxAge returns MaxAge, or the longest time that a Duration holds: 292 years.
func (t *Trust) maxAge() time.Duration {
	return time.Duration(min(t.MaxAge, math.MaxInt64/lightclient.Int(time.Second))) * time.Second
}

func (t *Trust) root() lightclient.Trust {
	return lightclient.Trust{ChainID: t.ChainID, Height: t.Height, Validators: t.Validators}
}

// Name returns the name of a member with its GLN, as far as the evidence has it.
func (f *Facts) Name(gln string) string {
	if name := f.Members[gln]; name != "" {
		return name + " (" + gln + ")"
	}
	return gln
}
