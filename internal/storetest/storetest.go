// Package storetest is the law that every store of the desks must pass. Each
// function takes an empty store and states one interface's law; a test of an
// implementation is one line.
//
// What all stores have in common: times are kept to the microsecond and come back
// in UTC. Strings are kept whatever their bytes, slices byte for byte, and nil is
// not the empty slice. What a store keeps it shares with nobody. Newest and
// oldest are by the order of writing, since a clock may be set back. Of calls that
// are made at once and of which one may succeed, one does. Who has gone (a
// cancelled context) gets an error, and nothing is written for him.
package storetest

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"theriac/canon"
	"theriac/envelope"
)

// atOnce is how many goroutines race for one thing.
const atOnce = 20

// large is the size of a dossier or a document that stores must carry.
const large = 20 << 20

// noon is a moment that stores keep as it is.
func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC) }

// race runs do in many goroutines at once and returns which of them succeeded.
// The others must fail with want.
func race(t *testing.T, want error, do func(i int) error) []int {
	t.Helper()
	var group sync.WaitGroup
	var mu sync.Mutex
	var won []int
	begin := make(chan struct{})
	for i := range atOnce {
		group.Go(func() {
			<-begin
			err := do(i)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won = append(won, i)
			case !errors.Is(err, want):
				t.Errorf("%d of %d at once = %v, want %v", i, atOnce, err, want)
			}
		})
	}
	close(begin)
	group.Wait()
	return won
}

// one runs do in many goroutines and returns which one succeeded.
func one(t *testing.T, want error, do func(i int) error) int {
	t.Helper()
	won := race(t, want, do)
	if len(won) != 1 {
		t.Fatalf("%d of %d at once succeeded, want 1", len(won), atOnce)
	}
	return won[0]
}

// failing is what tests and property tests have in common.
type failing interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// wantErr ends the test unless err is want.
func wantErr(t failing, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s = %v, want %v", what, err, want)
	}
}

// same ends the test unless a store gave back what it was given. Lists may be nil
// or empty; slices in them may not be the one for the other.
func same[T any](t failing, what string, got, want T) {
	t.Helper()
	list := cmp.FilterPath(func(p cmp.Path) bool { return len(p) == 1 }, cmpopts.EquateEmpty())
	utc := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location() == b.Location() })
	if d := cmp.Diff(want, got, list, utc); d != "" {
		t.Fatalf("%s (-want +got):\n%.2000s", what, d)
	}
}

// must ends the test for an error.
func must(t failing, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s = %v", what, err)
	}
}

// gone returns a context that has ended.
func gone(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// kept returns a time as stores keep it.
func kept(at time.Time) time.Time { return at.UTC().Truncate(time.Microsecond) }

// texts are any bytes that fit in a string, mostly printable.
func texts() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{"", "'; DROP TABLE messages; --", "\x00", "a\xff\xfeb", "\U0010ff00\U0010ffff", "Ünï 💊", "%_\\"}),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 40), func(b []byte) string { return string(b) }),
	)
}

// moments are from the year 68 on, in any zone; the zero time is one of them.
func moments() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.IntRange(0, 9).Draw(t, "zero") == 0 {
			return time.Time{}
		}
		at := time.Unix(rapid.Int64Range(-60_000_000_000, 60_000_000_000).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		return at.In(time.FixedZone("", rapid.IntRange(-14, 14).Draw(t, "zone")*3600))
	})
}

// raws are bytes, of which nil and the empty slice are two.
func raws() *rapid.Generator[[]byte] {
	return rapid.OneOf(rapid.Just([]byte(nil)), rapid.Just([]byte{}), rapid.SliceOf(rapid.Byte()))
}

func counts() *rapid.Generator[uint64] {
	return rapid.OneOf(rapid.Uint64(), rapid.Just(uint64(math.MaxUint64)))
}

func digests() *rapid.Generator[canon.Digest] {
	return rapid.Custom(func(t *rapid.T) canon.Digest {
		return canon.Sum(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "of"))
	})
}

func ids() *rapid.Generator[canon.ID] {
	return rapid.Custom(func(t *rapid.T) canon.ID {
		return canon.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
	})
}

// bodies are bodies with disclosed and withheld fields and all kinds of values.
func bodies() *rapid.Generator[envelope.Body] {
	value := rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Map(rapid.SliceOf(rapid.String()), func(s []string) any { return s }),
		rapid.Map(rapid.MapOf(rapid.String(), rapid.Int32()), func(m map[string]int32) any { return m }),
		rapid.SampledFrom([]any{nil, true, "", "\u2028</script>", "\U0010ff00", map[string]any{}}),
	)
	return rapid.Custom(func(t *rapid.T) envelope.Body {
		var b envelope.Body
		for _, name := range []string{"a", "b", "c"}[:rapid.IntRange(1, 3).Draw(t, "fields")] {
			if rapid.Bool().Draw(t, "withheld") {
				b = append(b, envelope.Field{Hash: digests().Draw(t, "hash")})
				continue
			}
			v, err := canon.JSON(value.Draw(t, "value"))
			if err != nil {
				t.Fatalf("JSON = %v", err)
			}
			b = append(b, envelope.Field{Name: name, Salt: ids().Draw(t, "salt"), Value: v})
		}
		return b
	})
}

// named returns the digest and the identifier that a text stands for.
func named(s string) (canon.Digest, canon.ID) {
	d := canon.Sum([]byte(s))
	return d, canon.ID(d[:16])
}
