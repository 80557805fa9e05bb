package supply_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"theriac/api"
	"theriac/canon"
	"theriac/internal/ledger"
	"theriac/internal/supply"
	"theriac/refusal"
)

// A fault is what goes wrong at one sending.
type fault int

const (
	fine fault = iota
	requestLost
	answerLost
	silence
	garbage
	othersReceipt
	busyThere
	brokenThere
	notKept    // the receiver's store fails after the anchor
	notSettled // the sender's store fails after the receipt
	ledgerDown // before the transaction is applied
	ledgerLost // after it
	faults     // how many there are
)

// A plan is everything that goes wrong, and when.
type plan struct {
	messages int
	pauses   []int   // ms before each message
	faults   []fault // of the sendings, in their order
	delays   []int   // ms, of requests and answers in turn
	crashes  []crash
}

type crash struct {
	after  int // ms, since the last one
	sender bool
}

func plans(t *rapid.T) plan {
	p := plan{messages: rapid.IntRange(1, 12).Draw(t, "messages")}
	p.pauses = rapid.SliceOfN(rapid.IntRange(0, 3000), p.messages, p.messages).Draw(t, "pauses")
	p.faults = rapid.SliceOfN(rapid.Map(rapid.IntRange(0, int(faults)-1), func(i int) fault { return fault(i) }), 0, 40).Draw(t, "faults")
	p.delays = rapid.SliceOfN(rapid.IntRange(0, 4000), 1, 40).Draw(t, "delays")
	p.crashes = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) crash {
		return crash{rapid.IntRange(0, 5000).Draw(t, "after"), rapid.Bool().Draw(t, "sender")}
	}), 0, 12).Draw(t, "crashes")
	return p
}

var errFault = errors.New("as planned")

// apply makes the town's world as bad as the plan wants it.
func (p *plan) apply(n *town) {
	var mu sync.Mutex
	var sendings, waits int
	next := func() fault {
		mu.Lock()
		defer mu.Unlock()
		sendings++
		if sendings > len(p.faults) {
			return fine
		}
		return p.faults[sendings-1]
	}
	wait := func(ctx context.Context) error {
		mu.Lock()
		ms := p.delays[waits%len(p.delays)]
		if waits++; waits > 2*len(p.delays) {
			ms = 1
		}
		mu.Unlock()
		select {
		case <-time.After(time.Duration(ms) * time.Millisecond):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	type planned struct{}
	n.ms.submit = func(ctx context.Context, tx []byte) (ledger.Result, error) {
		if err := wait(ctx); err != nil {
			return ledger.Result{}, err
		}
		f, _ := ctx.Value(planned{}).(fault)
		if f == ledgerDown {
			return ledger.Result{}, errFault
		}
		r, err := n.commit(ctx, tx)
		if err == nil && f == ledgerLost {
			return ledger.Result{}, errFault
		}
		if err := wait(ctx); err != nil {
			return ledger.Result{}, err
		}
		return r, err
	}
	var fails sync.Map // message to fault, of those whose settling is to fail
	n.ms.settle = func(m *supply.Message) error { return failing(&fails, m, notKept) }
	n.dm.settle = func(m *supply.Message) error { return failing(&fails, m, notSettled) }
	n.dm.post = func(ctx context.Context, to *office, raw []byte) (*api.Receipt, error) {
		f := next()
		if err := wait(ctx); err != nil {
			return nil, err
		}
		switch f {
		case requestLost:
			return nil, errFault
		case silence:
			<-ctx.Done()
			return nil, ctx.Err()
		case busyThere:
			return nil, supply.ErrBusy
		case brokenThere:
			return nil, refusal.New("internal", "something broke")
		case othersReceipt:
			e := n.Request.Envelope
			return &api.Receipt{BC: e.Digest(), Envelope: string(e.Raw())}, nil
		case notKept, notSettled:
			fails.Store(idOf(raw), f)
		}
		r, err := to.receive(context.WithValue(ctx, planned{}, f), raw)
		if err := wait(ctx); err != nil {
			return nil, err
		}
		switch f {
		case answerLost:
			return nil, errFault
		case garbage:
			return &api.Receipt{BC: canon.Sum(raw), Envelope: "e30"}, nil
		}
		return r, err
	}
}

// run lets it happen, and then all be well, and checks what is left.
func (p *plan) run(t *testing.T, s *site) {
	n := s.town(t)
	p.apply(n)
	n.dm.sending()
	ids := map[string]canon.ID{}
	var group sync.WaitGroup
	group.Go(func() {
		for _, c := range p.crashes {
			time.Sleep(time.Duration(c.after) * time.Millisecond)
			if c.sender {
				n.dm.crash()
			} else {
				n.ms.crash()
			}
		}
	})
	for i := range p.messages {
		time.Sleep(time.Duration(p.pauses[i]) * time.Millisecond)
		name := fmt.Sprintf("planned-%d", i)
		ids[name] = n.ask(name)
	}
	group.Wait()
	pass(2 * time.Hour)
	for name, id := range ids {
		n.checkDelivered(id, name)
	}
	for o, want := range map[*office]supply.Status{n.dm: supply.Sent, n.ms: supply.Received} {
		all, next, err := o.store.List(t.Context(), supply.Filter{}, "", 500)
		if err != nil || next != "" || len(all) != p.messages {
			t.Errorf("%s has %d messages (%v), want %d", o.org.Name, len(all), err, p.messages)
		}
		for i := range all {
			if all[i].Status != want {
				t.Errorf("%s: message %s is %s", o.org.Name, all[i].Case, all[i].Status)
			}
		}
	}
}

// Whatever fails, in whatever order, and whenever either side crashes: every
// message ends at its receiver and on the ledger exactly once, and its sender knows.
func TestOutboxSurvives(t *testing.T) {
	s := newSite(t)
	rapid.Check(t, func(r *rapid.T) {
		p := plans(r)
		synctest.Test(t, func(t *testing.T) { p.run(t, s) })
		if t.Failed() {
			r.Fatalf("plan %+v", p)
		}
	})
}

func failing(fails *sync.Map, m *supply.Message, f fault) error {
	if fails.CompareAndDelete(m.ID, f) {
		return errFault
	}
	return nil
}

// A crash between anchoring and keeping: the sender gets the receipt on the next
// try, and the receiver has the message.
func TestCrashBetweenAnchoringAndKeeping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		n.ms.settle = func(*supply.Message) error { return errors.New("the disk is gone") }
		id := n.ask("crash")
		n.dm.sending()
		pass(100 * time.Millisecond)
		if got := n.leaves("case/crash"); got != 1 {
			t.Fatalf("%d leaves, want 1: the test breaks at the wrong place", got)
		}
		if _, err := n.ms.store.Message(t.Context(), n.dm.org.GLN, id); !errors.Is(err, supply.ErrUnknown) {
			t.Fatalf("the receiver kept the message: %v", err)
		}
		n.ms.settle = nil
		n.ms.crash()
		pass(3 * time.Second)
		n.checkDelivered(id, "crash")
	})
}

// Shutting down is nobody's failure.
func TestClosingDefersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		n.dm.post = func(ctx context.Context, _ *office, _ []byte) (*api.Receipt, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		id := n.ask("closing")
		n.dm.sending()
		pass(time.Second)
		n.dm.close()
		if m := n.dm.message(n.dm.org.GLN, id); m.Attempts != 0 || m.Status != supply.Queued {
			t.Errorf("the message is %s after %d attempts, want queued and none", m.Status, m.Attempts)
		}
		n.dm.post = func(ctx context.Context, to *office, raw []byte) (*api.Receipt, error) { return to.receive(ctx, raw) }
		n.dm.open()
		n.dm.sending()
		pass(time.Second)
		n.checkDelivered(id, "closing")
	})
}
