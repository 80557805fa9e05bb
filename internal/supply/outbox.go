package supply

import (
	"context"
	"sync"
	"time"

	"theriac/canon"
)

const (
	looking = time.Second     // how often the sender looks by itself
	atOnce  = 32              // messages sent at the same time
	toOne   = 16              // of them to one receiver
	longest = 5 * time.Minute // between two sendings

	// promptly is within what time a receiver answers that is well.
	promptly = 2 * time.Second
)

// An outbox is what is being sent, and which receivers do not answer. A receiver
// that takes a connection and says nothing holds one place, whatever waits for
// it: it must not hold up the mail of the others.
type outbox struct {
	group sync.WaitGroup

	mu     sync.Mutex
	flying map[canon.ID]bool
	landed map[canon.ID]bool // since look
	to     map[string]*receiver
}

// A receiver is what is known of one that has something on its way, or that did
// not answer.
type receiver struct {
	flying   int
	asked    time.Time // the last time
	failures int       // since it answered
	until    time.Time // is when it is asked again, after a failure
}

func newOutbox() *outbox {
	return &outbox{flying: map[canon.ID]bool{}, landed: map[canon.ID]bool{}, to: map[string]*receiver{}}
}

// look begins a look at what is due, and returns how many messages are flying. One
// that lands after it may still be among those that are due, as it was before.
func (o *outbox) look() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.landed)
	return len(o.flying)
}

// A turn is what is to become of a message that is due.
type turn int

const (
	sendNow   turn = iota
	sendSoon       // when there is a place
	sendLater      // when its receiver may answer
	underWay
)

// take says whether a message is sent now; if so, land ends it. One that is sent
// later waits until the time returned, because its receiver does not answer.
func (o *outbox) take(m *Message, now time.Time) (turn, time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := o.to[m.Audience]
	if r == nil {
		r = &receiver{}
		o.to[m.Audience] = r
	}
	switch {
	case o.flying[m.ID] || o.landed[m.ID]:
		return underWay, now
	case r.failures > 0 && now.Before(r.until):
		return sendLater, r.until
	case r.failures > 0 && r.flying > 0 && now.Before(r.asked.Add(promptly)): // one finds out for all
		return sendSoon, now
	case r.failures > 0 && r.flying > 0:
		return sendLater, now.Add(patience)
	case len(o.flying) == atOnce || r.flying == toOne:
		return sendSoon, now
	}
	o.flying[m.ID] = true
	r.flying++
	r.asked = now
	return sendNow, now
}

// land ends the sending of a message.
func (o *outbox) land(m *Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.flying, m.ID)
	o.landed[m.ID] = true
	r := o.to[m.Audience]
	if r.flying--; r.flying == 0 && r.failures == 0 {
		delete(o.to, m.Audience)
	}
}

// heard notes whether a receiver answered, and returns when to try it again.
func (o *outbox) heard(m *Message, answered bool, now time.Time) time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := o.to[m.Audience]
	next := now.Add(wait(m.Attempts))
	if answered {
		r.failures = 0
		return next
	}
	if !now.Before(r.until) { // else others that flew with it found the same
		r.until = now.Add(wait(r.failures))
		r.failures++
	}
	if next.Before(r.until) {
		return r.until
	}
	return next
}

// wait is how long after so many failures the next attempt is made.
func wait(failures int) time.Duration {
	if failures >= 9 {
		return longest
	}
	return min(longest, time.Second<<failures)
}

// Deliver sends what is due until ctx ends. A receiver that is down gets its
// messages when it is back, each once.
func (d *Desk) Deliver(ctx context.Context) {
	defer d.outbox.group.Wait()
	tick := time.NewTicker(looking)
	defer tick.Stop()
	for {
		if more, err := d.deliverDue(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("outbox", "err", err)
		} else if more && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		case <-tick.C:
		}
	}
}

// deliverDue begins to send what is due, and reports whether more may be.
func (d *Desk) deliverDue(ctx context.Context) (more bool, err error) {
	due, err := d.Messages.Due(ctx, d.Now(), atOnce+d.outbox.look())
	if err != nil {
		return false, err
	}
	waits := map[string]bool{} // receivers whose older messages wait for a place
	for i := range due {
		m := &due[i]
		if waits[m.Audience] {
			continue
		}
		switch when, until := d.outbox.take(m, d.Now()); when {
		case sendSoon:
			waits[m.Audience] = true
		case sendLater:
			if err := d.Messages.Defer(ctx, m.ID, until, "unreachable"); err != nil {
				return false, err
			}
			more = true
		case sendNow:
			more = true
			d.outbox.group.Go(func() {
				if err := d.deliver(ctx, m); err != nil && ctx.Err() == nil {
					d.Log.Error("outbox", "message", m.ID, "err", err)
				}
				d.outbox.land(m)
				d.Wake() // there is a place again
			})
		}
	}
	return more, nil
}
