package supply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"theriac/api"
	"theriac/canon"
	"theriac/envelope"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
	"theriac/pedigree"
	"theriac/refusal"
)

var errDown = errors.New("connection refused")

func request(what string) *pedigree.MaterialRequest {
	return &pedigree.MaterialRequest{Material: what, Product: "Theriacin", Quantity: "25 kg"}
}

// ask sends a material request from the manufacturer to the supplier.
func (n *town) ask(what string) canon.ID {
	n.t.Helper()
	id := ledgertest.NewID()
	if _, err := n.dm.at().Send(n.t.Context(), id, supply.Draft{To: n.ms.org.GLN, Case: what}, request(what)); err != nil {
		n.t.Fatalf("Send(%s): %v", what, err)
	}
	return id
}

// checkDelivered holds that a message is sent, received and on the ledger, once.
func (n *town) checkDelivered(id canon.ID, name string) {
	n.t.Helper()
	out, in := n.dm.message(n.dm.org.GLN, id), n.ms.message(n.dm.org.GLN, id)
	if out.Status != supply.Sent || in.Status != supply.Received {
		n.t.Errorf("message %s is %s (%s) and %s, want sent and received", name, out.Status, out.Code, in.Status)
	}
	if diff := cmp.Diff(out.Receipt, in.Receipt); diff != "" {
		n.t.Errorf("message %s: receipts of sender and receiver differ:\n%s", name, diff)
	}
	if got := n.leaves("case/" + name); got != 1 {
		n.t.Errorf("message %s has %d leaves, want 1", name, got)
	}
}

func TestSendQueuesOnceById(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		id := n.ask("case-1")
		d := n.dm.at()
		again, err := d.Send(t.Context(), id, supply.Draft{To: n.ms.org.GLN, Case: "case-1"}, request("case-1"))
		if err != nil || again.ID != id {
			t.Errorf("Send of the same again = %v, %v, want the message that is queued", again, err)
		}
		if _, err := d.Send(t.Context(), id, supply.Draft{To: n.ms.org.GLN, Case: "case-2"}, request("other")); !errors.Is(err, supply.ErrExists) {
			t.Errorf("Send of another message under its id = %v, want ErrExists", err)
		}
		due, err := n.dm.store.Due(t.Context(), n.now(), 9)
		if err != nil || len(due) != 1 {
			t.Errorf("%d messages are queued (%v), want 1", len(due), err)
		}
		n.dm.sending()
		n.ms.sending()
		pass(time.Second)
		n.checkDelivered(id, "case-1")
	})
}

// What the receiver or the ledger would refuse does not come into the outbox.
func TestSendRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		asked := n.Request.Envelope.Digest()
		for _, tt := range []struct {
			name    string
			from    *office
			draft   supply.Draft
			content pedigree.Content
			want    error
		}{
			{"no case", n.dm, supply.Draft{To: n.ms.org.GLN}, request("x"), supply.ErrRequest},
			{"a case that is no name", n.dm, supply.Draft{To: n.ms.org.GLN, Case: "x y"}, request("x"), supply.ErrRequest},
			{"nobody", n.dm, supply.Draft{To: "4012345678901", Case: "c"}, request("x"), supply.ErrUnknown},
			{"oneself", n.dm, supply.Draft{To: n.dm.org.GLN, Case: "c"}, request("x"), supply.ErrRequest},
			{"wrong receiver", n.dm, supply.Draft{To: n.dd.org.GLN, Case: "c"}, request("x"), pedigree.ErrRole},
			{"wrong sender", n.dd, supply.Draft{To: n.ms.org.GLN, Case: "c"}, request("x"), pedigree.ErrRole},
			{"nothing in it", n.dm, supply.Draft{To: n.ms.org.GLN, Case: "c"}, &pedigree.MaterialRequest{}, envelope.ErrField},
			{"follows what is not there", n.dm, supply.Draft{To: n.ms.org.GLN, Case: "c", Prev: []canon.Digest{canon.Sum(nil)}}, request("x"), envelope.ErrPrev},
			{"opens a case and follows", n.dm, supply.Draft{To: n.ms.org.GLN, Case: "c", Prev: []canon.Digest{asked}}, request("x"), envelope.ErrPrev},
			{
				"too large", n.dm,
				supply.Draft{To: n.ms.org.GLN, Case: "c"},
				&pedigree.MaterialRequest{Material: "m", Product: "p", Quantity: strings.Repeat("9", ledger.MaxTx)}, envelope.ErrOversized,
			},
		} {
			if _, err := tt.from.at().Send(t.Context(), ledgertest.NewID(), tt.draft, tt.content); !errors.Is(err, tt.want) {
				t.Errorf("%s: Send = %v, want %v", tt.name, err, tt.want)
			}
			if due, _ := tt.from.store.Due(t.Context(), n.now(), 9); len(due) != 0 {
				t.Errorf("%s: %d messages are queued", tt.name, len(due))
			}
		}
	})
}

// A receiver that is down is tried again ever more rarely, with a signature of the
// time of each sending.
func TestRetriesBackOffAndSignAfresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		var mu sync.Mutex // of all that follow
		var at []time.Duration
		var issued []int64
		down := true
		n.dm.post = func(ctx context.Context, to *office, raw []byte) (*api.Receipt, error) {
			m, err := envelope.DecodeMessage(raw)
			if err != nil {
				return nil, err
			}
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Since(n.began).Round(time.Second))
			issued = append(issued, m.Envelope.Claims.IssuedAt)
			if down {
				return nil, errDown
			}
			return to.receive(ctx, raw)
		}
		id := n.ask("down")
		n.dm.sending()
		pass(24 * time.Hour)
		mu.Lock()
		for i := 1; i < len(at); i++ {
			if gap, want := at[i]-at[i-1], min(5*time.Minute, time.Second<<(min(i, 10)-1)); gap < want || gap > want+2*time.Second {
				t.Fatalf("attempt %d came after %v, want %v", i, gap, want)
			}
			if age := n.start.Add(at[i]).Unix() - issued[i]; age < -1 || age > 1 {
				t.Fatalf("attempt %d carries a signature of %d s before", i, age)
			}
		}
		m := n.dm.message(n.dm.org.GLN, id)
		if m.Status != supply.Queued || m.Code != "unreachable" || m.Attempts != len(at) {
			t.Errorf("the message is %s (%s) after %d of %d attempts", m.Status, m.Code, m.Attempts, len(at))
		}
		down = false
		mu.Unlock()
		pass(5*time.Minute + time.Second)
		n.checkDelivered(id, "down")
	})
}

// What a receiver, a network or a thief may answer, and what is left when all is
// well again: the message, once.
func TestAnswersThatAreNotBelieved(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(n *town, real *api.Receipt) (*api.Receipt, error)
		before bool // the message does not even come
	}{
		{"request lost", func(*town, *api.Receipt) (*api.Receipt, error) { return nil, errDown }, true},
		{"answer lost", func(*town, *api.Receipt) (*api.Receipt, error) { return nil, errDown }, false},
		{"empty", func(*town, *api.Receipt) (*api.Receipt, error) { return &api.Receipt{}, nil }, true},
		{"garbage", func(*town, *api.Receipt) (*api.Receipt, error) { return &api.Receipt{Envelope: "e30.e30.AA"}, nil }, false},
		{"another's receipt", func(n *town, _ *api.Receipt) (*api.Receipt, error) {
			raw := n.Request.Envelope.Raw()
			return &api.Receipt{BC: canon.Sum(raw), Envelope: string(raw)}, nil
		}, true},
		{"another's anchor", func(n *town, r *api.Receipt) (*api.Receipt, error) {
			return &api.Receipt{BC: n.Request.Envelope.Digest(), Envelope: r.Envelope}, nil
		}, false},
		{"broken there", func(*town, *api.Receipt) (*api.Receipt, error) { return nil, refusal.New("internal", "oops") }, true},
		{"unknown there", func(*town, *api.Receipt) (*api.Receipt, error) { return nil, refusal.New("not_found", "who?") }, true},
		{"busy there", func(*town, *api.Receipt) (*api.Receipt, error) { return nil, supply.ErrBusy }, false},
		{"a book for a code", func(*town, *api.Receipt) (*api.Receipt, error) {
			return nil, refusal.New(strings.Repeat("x", 1<<20), "")
		}, true},
		{"an insult for a code", func(*town, *api.Receipt) (*api.Receipt, error) { return nil, refusal.New("<script>", "") }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newTown(t)
				var lie atomic.Bool
				lie.Store(true)
				n.dm.post = func(ctx context.Context, to *office, raw []byte) (*api.Receipt, error) {
					if lie.Load() && tt.before {
						return tt.answer(n, nil)
					}
					r, err := to.receive(ctx, raw)
					if lie.Load() && err == nil {
						return tt.answer(n, r)
					}
					return r, err
				}
				id := n.ask("lie")
				n.dm.sending()
				pass(3 * time.Minute)
				if m := n.dm.message(n.dm.org.GLN, id); m.Status != supply.Queued || len(m.Code) > 64 || strings.Contains(m.Code, "<") {
					t.Errorf("the message is %s (%.70q), want queued with a code", m.Status, m.Code)
				}
				lie.Store(false)
				pass(6 * time.Minute)
				n.checkDelivered(id, "lie")
			})
		})
	}
}

// A receipt of the right message with invented figures: they come from the ledger.
func TestReceiptsFiguresAreTheLedgers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		n.dm.post = func(ctx context.Context, to *office, raw []byte) (*api.Receipt, error) {
			r, err := to.receive(ctx, raw)
			if err != nil {
				return nil, err
			}
			return &api.Receipt{BC: r.BC, Envelope: r.Envelope, Height: 1 << 40, Index: 77, Time: 1}, nil
		}
		id := n.ask("figures")
		n.dm.sending()
		pass(time.Second)
		n.checkDelivered(id, "figures")
	})
}

// Attack: a receiver that names another message of the sender's, anchored before,
// to be rid of this one.
func TestReceiptOfAnEarlierMessageIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		n.dm.sending()
		first := n.ask("first")
		pass(time.Second)
		old := n.dm.message(n.dm.org.GLN, first).Receipt
		n.dm.post = func(context.Context, *office, []byte) (*api.Receipt, error) { return &old, nil }
		second := n.ask("second")
		pass(10 * time.Minute)
		if m := n.dm.message(n.dm.org.GLN, second); m.Status != supply.Queued {
			t.Errorf("the message is %s, want queued", m.Status)
		}
	})
}

func TestRefusedMessageEndsWithItsCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		n.dm.post = func(context.Context, *office, []byte) (*api.Receipt, error) { return nil, pedigree.ErrRole }
		id := n.ask("refused")
		n.dm.sending()
		pass(time.Hour)
		if m := n.dm.message(n.dm.org.GLN, id); m.Status != supply.Refused || m.Code != "wrong_role" {
			t.Errorf("the message is %s (%s), want refused (wrong_role)", m.Status, m.Code)
		}
		if got := n.dm.booked()[0]; got != "refused dmms/1: wrong_role" {
			t.Errorf("the book says %q", got)
		}
	})
}

// Attack: a receiver anchors a message, and so has what it brings, and says that it
// refused it. The ledger has the last word.
func TestRefusalOfWhatIsAnchoredIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		n.dm.post = func(ctx context.Context, to *office, raw []byte) (*api.Receipt, error) {
			if _, err := to.receive(ctx, raw); err != nil {
				return nil, err
			}
			return nil, pedigree.ErrRole
		}
		id := n.ask("denied")
		n.dm.sending()
		pass(time.Second)
		n.checkDelivered(id, "denied")
	})
}

func TestManyMessagesOldestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		var mu sync.Mutex
		var order []string
		n.dm.post = func(ctx context.Context, to *office, raw []byte) (*api.Receipt, error) {
			m, err := envelope.DecodeMessage(raw)
			if err != nil {
				return nil, err
			}
			mu.Lock()
			order = append(order, m.Envelope.Claims.Case)
			mu.Unlock()
			time.Sleep(time.Second)
			return to.receive(ctx, raw)
		}
		ids := map[string]canon.ID{}
		for i := range 100 {
			name := fmt.Sprintf("many-%03d", i)
			ids[name] = n.ask(name)
			pass(time.Millisecond)
		}
		n.dm.sending()
		pass(time.Minute)
		for name, id := range ids {
			n.checkDelivered(id, name)
		}
		// Some go at the same time; none overtakes those of another lot.
		for i := 0; i+16 <= 96; i += 16 {
			lot := slices.Clone(order[i : i+16])
			slices.Sort(lot)
			if lot[0] != fmt.Sprintf("many-%03d", i) || lot[15] != fmt.Sprintf("many-%03d", i+15) {
				t.Errorf("messages %d to %d were %s to %s", i, i+15, lot[0], lot[15])
			}
		}
		if len(order) != 100 {
			t.Errorf("%d sendings, want 100", len(order))
		}
	})
}

// Attack: a member's inbox takes connections and says nothing. The mail of the
// others goes on.
func TestSilentReceiverHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newTown(t)
		n.dm.post = func(ctx context.Context, to *office, raw []byte) (*api.Receipt, error) {
			if to == n.da {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return to.receive(ctx, raw)
		}
		dossier := supply.DossierDraft{
			Product: "Theriacin", GTINs: n.Dossiers().GTINs, Materials: n.Dossiers().Materials,
			Documents: []pedigree.Document{{Name: "trial", Media: "text/plain", Bytes: []byte("fine")}},
		}
		for range 200 {
			draft := supply.Draft{To: n.da.org.GLN, Prev: []canon.Digest{n.Supply.Envelope.Digest()}}
			if _, err := n.dm.at().SubmitDossier(t.Context(), ledgertest.NewID(), draft, dossier); err != nil {
				t.Fatal(err)
			}
		}
		n.dm.sending()
		// Once it is known to be silent, nothing waits for it any more.
		pass(3 * time.Minute)
		for i := range 30 {
			name := fmt.Sprintf("urgent-%d", i)
			id := n.ask(name)
			pass(5 * time.Second)
			n.checkDelivered(id, name)
			pass(17 * time.Second)
		}
	})
}
