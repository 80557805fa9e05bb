package supply

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/pedigree"
	"theriac/refusal"
)

var (
	// ErrMany is returned while strangers report more than anybody could read, or ask more.
	ErrMany = refusal.New("too_many_requests", "too much comes in from strangers now; try again later")
	// ErrNobody is returned for a report that no member could be told of.
	ErrNobody = refusal.New("no_receiver", "no manufacturer and no drug administration is there to be told")
)

// What strangers may leave here. Each report becomes a message to each receiver, and
// a leaf of the ledger for it.
const (
	reportsPerHour = 100 // as many at once, too
	oldestReport   = 7 * 24 * time.Hour
	// A reporter's clock may be in another zone by mistake. The report stands once
	// all the same.
	aheadReport = 24 * time.Hour
)

// A Report is a report that came in, as it was signed.
type Report struct {
	ID      canon.ID
	JWS     []byte
	To      []string // GLN of those who are told
	Created time.Time
	Handed  bool // a notice to each is in the outbox, or kept
}

// Reports keep what reporters handed in. Writes survive a crash.
type Reports interface {
	// PutReport writes a report once (ErrExists).
	PutReport(ctx context.Context, r *Report) error
	// Report returns a report, or ErrUnknown.
	Report(ctx context.Context, id canon.ID) (*Report, error)
	// Hand marks a report as handed on, or returns ErrUnknown.
	Hand(ctx context.Context, id canon.ID) error
	// Unhanded returns the reports that are not handed on yet, the oldest first.
	Unhanded(ctx context.Context) ([]Report, error)
}

// Records find on the ledger what has no name that the caller knows. Their methods
// may be called at once.
type Records interface {
	// Records yields the records of the present state whose keys start with
	// prefix, by key. The slices are good until the next step.
	Records(prefix []byte) iter.Seq2[[]byte, []byte]
	// TaggedBefore returns up to limit indexes of leaves about something, from
	// below an index on, falling.
	TaggedBefore(tag string, before uint64, limit int) ([]uint64, error)
}

// Report takes a report from anybody, keeps it once, and hands it on to the maker
// of the product and to all drug administrations: which of them is concerned is
// theirs to say, not a stranger's code's. Handed in again it gets the answer of how
// it stands now.
func (d *Desk) Report(ctx context.Context, from string, raw []byte) (*api.Report, error) {
	r, err := pedigree.ParseReport(raw)
	if err != nil {
		return nil, err
	}
	kept, err := d.Reports.Report(ctx, r.ID())
	if errors.Is(err, ErrUnknown) {
		kept, err = d.takeReport(ctx, from, r)
	}
	if err != nil {
		return nil, err
	}
	// Signed again it is another text of the same report; only what was signed first
	// is kept. Another report under its name is not.
	if !bytes.Equal(payload(kept.JWS), payload(raw)) {
		return nil, envelope.ErrReplayed
	}
	if err := d.handOn(ctx, kept); err != nil {
		return nil, err
	}
	return d.reported(ctx, kept)
}

// payload returns the signed part of a JWS after its header.
func payload(jws []byte) []byte {
	_, rest, _ := bytes.Cut(jws, []byte("."))
	out, _, _ := bytes.Cut(rest, []byte("."))
	return out
}

// takeReport writes a new report down.
func (d *Desk) takeReport(ctx context.Context, from string, r *pedigree.Report) (*Report, error) {
	c, now := &r.Claims, d.Now()
	switch at := time.Unix(c.IssuedAt, 0); {
	case c.Chain != d.Chain:
		return nil, fmt.Errorf("%w: it is for another ledger", pedigree.ErrReport)
	case at.Before(now.Add(-oldestReport)):
		return nil, envelope.ErrStale
	case at.After(now.Add(aheadReport)):
		return nil, envelope.ErrFuture
	}
	if !d.strangers.AllowN(now, 1) {
		return nil, ErrMany
	}
	to, err := d.concerned(c.Code)
	if err != nil {
		return nil, err
	}
	kept := &Report{ID: r.ID(), JWS: r.Raw(), To: to, Created: now}
	if err := d.Reports.PutReport(ctx, kept); errors.Is(err, ErrExists) {
		return d.Reports.Report(ctx, kept.ID) // handed in twice at once
	} else if err != nil {
		return nil, err
	}
	d.record(ctx, from, "report "+c.Kind, r.Digest().String(), nil)
	return kept, nil
}

func newStrangers() *rate.Limiter {
	return rate.NewLimiter(rate.Every(time.Hour/reportsPerHour), reportsPerHour)
}

// concerned returns who is told of a report about a code: the maker first, then
// the administrations by GLN.
func (d *Desk) concerned(code string) ([]string, error) {
	var to []string
	maker, err := d.maker(code)
	if err != nil {
		return nil, err
	}
	for _, raw := range d.Records.Records(chain.MemberKey("")) {
		var m chain.Member
		if err := canon.DecodeCBOR(raw, &m); err != nil {
			return nil, err
		}
		switch {
		case m.Status != chain.Active:
		case m.GLN == maker && m.Is(chain.Manufacturer):
			to = slices.Insert(to, 0, m.GLN)
		case m.Is(chain.Administration):
			to = append(to, m.GLN)
		}
	}
	if len(to) == 0 {
		return nil, ErrNobody
	}
	return to, nil
}

// maker returns who holds the product of a code, or else the licensee of its company
// prefix; nobody for a code that is none.
func (d *Desk) maker(code string) (string, error) {
	id, err := gs1.ParseIdentifier(code, d.Now())
	if err != nil || id.GTIN == "" {
		return "", nil
	}
	product, err := state[chain.Product](d, chain.ProductKey(id.GTIN))
	if err == nil {
		return product.Holder, nil
	}
	if !errors.Is(err, ErrUnknown) {
		return "", err
	}
	prefixes, err := state[chain.Prefixes](d, chain.PrefixesKey())
	if errors.Is(err, ErrUnknown) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, p := range *prefixes {
		if id.GTIN.HasPrefix(p.Digits) {
			return p.Member, nil
		}
	}
	return "", nil
}

// noticeID names the message by which a receiver is told of a report: once.
func noticeID(report canon.ID, gln string) canon.ID { return named("report", report[:], []byte(gln)) }

// handOn puts a notice for each receiver into the outbox. What this organisation is
// to hear itself it anchors: nobody sends messages to himself. It finds what it did
// before a crash.
func (d *Desk) handOn(ctx context.Context, r *Report) error {
	if r.Handed {
		return nil
	}
	digest := canon.Sum(r.JWS)
	notice := &pedigree.ReportNotice{Report: string(r.JWS)}
	own, later := false, false
	for _, gln := range r.To {
		if gln == d.GLN {
			own = true
			continue
		}
		m, err := d.compose(noticeID(r.ID, gln), Draft{To: gln, Case: digest.String()}, notice)
		if err == nil {
			err = d.Messages.Queue(ctx, m)
		}
		switch {
		case err == nil, errors.Is(err, ErrExists):
		case errors.Is(err, ErrUnknown):
			later = true // the node does not have the ledger again yet
		case refusal.Code(err) != "":
			// It has left the consortium, or its role, since the report came.
			d.record(ctx, d.GLN, "send "+pedigree.TypeReport, gln, err)
		default:
			return err
		}
	}
	d.Wake()
	if own && d.running.claim(digest) {
		d.running.group.Go(func() {
			defer d.running.unclaim(digest)
			err := d.anchorReport(d.running.ctx, r)
			if err == nil && !later {
				err = d.Reports.Hand(d.running.ctx, r.ID)
			}
			if err != nil && d.running.ctx.Err() == nil {
				d.Log.Error("report", "id", r.ID, "err", err)
			}
		})
	}
	if own || later {
		return nil
	}
	return d.Reports.Hand(ctx, r.ID)
}

// ReportMedia is the media type under which an organisation anchors a report that it
// was handed itself.
const ReportMedia = "application/" + pedigree.ReportType

// anchorReport anchors the digest of a report that concerns this organisation and
// keeps it among the messages that came. It does not give up before the ledger has
// answered.
func (d *Desk) anchorReport(ctx context.Context, r *Report) error {
	digest := canon.Sum(r.JWS)
	body, err := envelope.BodyOf(&pedigree.ReportNotice{Report: string(r.JWS)}, d.NewID)
	if err != nil {
		return err
	}
	for {
		done, err := d.Submit(ctx, chain.KindEvidence, named("anchor report", digest[:]), chain.Evidence{Digest: digest, Media: ReportMedia})
		if err == nil {
			err = d.Messages.Settle(ctx, &Message{
				ID: noticeID(r.ID, d.GLN), Issuer: d.GLN, Audience: d.GLN, Type: pedigree.TypeReport, Case: digest.String(),
				Body: body, Status: Received, Created: d.Now(),
				Receipt: api.Receipt{BC: digest, Envelope: string(r.JWS), Height: done.Height, Index: done.Index, Time: done.Time},
			})
			if err == nil || errors.Is(err, ErrExists) {
				return nil
			}
		}
		if refusal.Code(err) != "" && !errors.Is(err, ErrBusy) {
			d.record(ctx, d.GLN, "receive "+pedigree.TypeReport, r.ID.String(), err)
			return err
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// resumeReports hands on what a crash kept back.
func (d *Desk) resumeReports(ctx context.Context) error {
	left, err := d.Reports.Unhanded(ctx)
	for i := 0; err == nil && i < len(left); i++ {
		err = d.handOn(ctx, &left[i])
	}
	return err
}

// Reported returns where a report stands that was handed in here, or ErrUnknown.
func (d *Desk) Reported(ctx context.Context, id canon.ID) (*api.Report, error) {
	r, err := d.Reports.Report(ctx, id)
	if err != nil {
		return nil, err
	}
	return d.reported(ctx, r)
}

func (d *Desk) reported(ctx context.Context, r *Report) (*api.Report, error) {
	out := &api.Report{
		ID: r.ID, Digest: canon.Sum(r.JWS), Created: r.Created.UTC().Format(time.RFC3339), Status: "under_way",
		SentTo: r.To, Receivers: []api.ReportReceiver{},
	}
	count := map[string]int{}
	for _, gln := range r.To {
		at, err := d.receiver(ctx, r, gln)
		if err != nil {
			return nil, err
		}
		count[at.Status]++
		out.Receivers = append(out.Receivers, *at)
	}
	switch {
	case count[waiting] > 0:
	case count[string(Received)] > 0:
		out.Status = string(Received)
	default:
		out.Status = string(Refused)
	}
	return out, nil
}

// waiting is where a receiver stands who has not answered yet.
const waiting = "waiting"

func (d *Desk) receiver(ctx context.Context, r *Report, gln string) (*api.ReportReceiver, error) {
	out := &api.ReportReceiver{GLN: gln, Status: waiting}
	switch m, err := d.Member(gln); {
	case err == nil:
		out.Name = m.Name
	case !errors.Is(err, ErrUnknown):
		return nil, err
	}
	switch m, err := d.Messages.Message(ctx, d.GLN, noticeID(r.ID, gln)); {
	case errors.Is(err, ErrUnknown):
		// Handed on without it: it could not be sent.
		if r.Handed {
			out.Status = string(Refused)
		}
	case err != nil:
		return nil, err
	case m.Status == Sent || m.Status == Received:
		out.Status, out.Leaf, out.Height, out.Time = string(Received), m.Receipt.Index, m.Receipt.Height, m.Receipt.Time
	case m.Status == Refused:
		out.Status = string(Refused)
	}
	return out, nil
}

// ReadReport returns what a message of type report/1 says.
func ReadReport(n *pedigree.ReportNotice) (*api.ReportContent, error) {
	r, err := pedigree.ParseReport([]byte(n.Report))
	if err != nil {
		return nil, err
	}
	return &api.ReportContent{Report: n.Report, Reporter: r.Key.ID(), Claims: r.Claims}, nil
}
