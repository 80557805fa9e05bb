package device

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/internal/supply"
	"theriac/refusal"
)

// An Identification is an identification device at work (3.4). It believes its own
// organisation's server for what the ledger says and for the transaction information,
// and the measuring device nothing.
type Identification struct {
	Office *client.Client
	Meter  *client.Client // the measuring device
	Place  string         // GLN of where this is
}

// An Identified is a thing that was measured, and is verified on the ledger.
type Identified struct {
	Code         string       `json:"code"`
	Registration canon.Digest `json:"registration"`
	Index        uint64       `json:"index"`
	From         string       `json:"from"` // GLN of who registered it
	Counter      uint64       `json:"counter"`
	Place        string       `json:"place"`
	Device       canon.Digest `json:"device"` // that measured
	Done         api.Done     `json:"done"`
}

// A mark names a thing's mark: of which registration, and which one.
type mark struct {
	Registration canon.Digest
	Index        uint64
}

// Identify has the thing with this code measured, and sets its mark to verified: of the
// registration that is given, or of the one that the thing has now if it is zero.
func (i *Identification) Identify(ctx context.Context, code string, registration canon.Digest, index uint64) (*Identified, error) {
	if err := gs1.GLN(i.Place).Check(); err != nil {
		return nil, fmt.Errorf("place: %w", err)
	}
	id, err := gs1.ParseIdentifier(code, time.Now())
	if err != nil {
		return nil, fmt.Errorf("code: %w", err)
	}
	at := &mark{registration, index}
	if registration.IsZero() {
		if at, err = i.find(ctx, code); err != nil {
			return nil, err
		}
	}
	t, err := i.target(ctx, id, code, at)
	if err != nil {
		return nil, err
	}
	c := &genuine.Challenge{Registration: at.Registration, Consignee: t.own, Place: i.Place, Transaction: *t.u}
	rand.Read(c.Nonce[:])
	a, err := i.challenge(ctx, c, t.line)
	if err != nil {
		return nil, err
	}
	// The ledger checks the same. What proves nothing is not sent there.
	if _, err := c.Identify(a, t.mark.Path, t.registration, t.line); err != nil {
		return nil, err
	}
	done, err := i.report(ctx, c, a)
	if err != nil {
		return nil, err
	}
	return &Identified{
		Code: code, Registration: at.Registration, Index: at.Index, From: t.registration.From, Counter: t.u.Counter, Place: i.Place,
		Device: a.Device, Done: *done,
	}, nil
}

// find returns the mark that a thing has now.
func (i *Identification) find(ctx context.Context, code string) (*mark, error) {
	at, err := client.Get[api.Thing](ctx, i.Office, "/v1/things", url.Values{"code": {code}})
	if err != nil {
		return nil, err
	}
	if at.Registration.IsZero() {
		return nil, fmt.Errorf("%w: nobody has registered this thing", ledger.ErrUnknownRegistration)
	}
	return &mark{at.Registration, at.Index}, nil
}

// A target is what is known of a thing before it is measured.
type target struct {
	own          string // GLN of the consignee
	registration *chain.Registration
	line         *chain.Line
	mark         *api.Mark
	u            *genuine.Transaction
}

func (i *Identification) target(ctx context.Context, id gs1.Identifier, code string, of *mark) (*target, error) {
	home, err := client.Get[api.Status](ctx, i.Office, "/v1/status", nil)
	if err != nil {
		return nil, err
	}
	path := "/v1/registrations/" + url.PathEscape(of.Registration.String())
	r, err := client.Get[api.Registration](ctx, i.Office, path, nil)
	if err != nil {
		return nil, err
	}
	line, err := client.Get[api.Line](ctx, i.Office, "/v1/lines/"+url.PathEscape(r.Terms.Line.String()), nil)
	if err != nil {
		return nil, err
	}
	if err := checkRecord(line, r.Terms.Line); err != nil {
		return nil, err
	}
	t := &target{own: home.GLN, line: recordOf(line), registration: &chain.Registration{
		Terms: chain.Terms(r.Terms), From: r.From, Device: r.Device, At: r.At, Before: r.Before,
	}}
	if t.mark, err = client.Get[api.Mark](ctx, i.Office, fmt.Sprintf("%s/marks/%d", path, of.Index), nil); err != nil {
		return nil, err
	}
	at := fmt.Sprintf("%s/transactions/%d", path, of.Index)
	if t.u, err = client.Get[genuine.Transaction](ctx, i.Office, at, url.Values{"code": {code}}); err != nil {
		return nil, err
	}
	return t, t.agrees(home.Chain, id, of.Index)
}

// agrees returns an error unless the transaction information is that of the thing in
// hand, under these terms.
func (t *target) agrees(chainID string, id gs1.Identifier, index uint64) error {
	item, err := genuine.Item(id)
	if err != nil {
		return err
	}
	u, terms := t.u, &t.registration.Terms
	if u.Item != item {
		return supply.ErrThing
	}
	same := u.Chain == chainID && u.From == t.registration.From && u.To == terms.To && u.Place == terms.Place &&
		u.Counter == terms.Counter && u.Epoch == terms.Epoch && u.Line == terms.Line && u.Index == index
	if !same {
		return fmt.Errorf("%w: the ledger has other terms", genuine.ErrTransaction)
	}
	return u.Check()
}

// challenge has the measuring device measure. The challenge is sealed to the key that
// the line's record has of the device, so one that only claims to be it learns nothing.
func (i *Identification) challenge(ctx context.Context, c *genuine.Challenge, line *chain.Line) (*genuine.Answer, error) {
	kid, err := i.Meter.Device(ctx)
	if err != nil {
		return nil, spoken(err)
	}
	for n := range line.Put.Devices {
		d := &line.Put.Devices[n]
		if kidOf(d.Point) != kid {
			continue
		}
		sealed, err := c.Seal(d)
		if err != nil {
			return nil, err
		}
		a, err := i.Meter.Measure(ctx, sealed)
		if err != nil {
			return nil, spoken(err)
		}
		return a, nil
	}
	return nil, fmt.Errorf("%w: the line has no device %s", genuine.ErrDevice, kid)
}

// spoken returns a measuring device's refusal, if it is one that devices give. With
// another code it would speak in the name of the ledger.
func spoken(err error) error {
	code := refusal.Code(err)
	for _, known := range []*refusal.Refusal{genuine.ErrNotLegitimate, genuine.ErrReading, genuine.ErrSealed, genuine.ErrTransaction} {
		if code == known.Code() {
			return err
		}
	}
	if strings.HasPrefix(code, "instrument_") {
		return err
	}
	return fmt.Errorf("%w: %v", supply.ErrInstrument, err)
}

const (
	tries = 3
	pause = 500 * time.Millisecond
)

// report takes the answer to the ledger. Its name is the challenge's, so that it is done
// once, however often an answer is lost.
func (i *Identification) report(ctx context.Context, c *genuine.Challenge, a *genuine.Answer) (*api.Done, error) {
	in := api.Identifying{Registration: c.Registration, Index: c.Transaction.Index, Place: c.Place, Nonce: c.Nonce, Answer: *a}
	for left := tries; ; {
		done, err := client.Post[api.Done](ctx, i.Office, "/v1/identifications", "identify-"+c.Nonce.String(), in)
		if left--; left == 0 || !unsettled(err) {
			return done, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, err
		}
	}
}
