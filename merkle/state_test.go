package merkle

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

type mapNodes map[string][]byte

func (m mapNodes) Get(k []byte) ([]byte, error) { return m[string(k)], nil }
func (m mapNodes) Set(k, v []byte) error        { m[string(k)] = bytes.Clone(v); return nil }
func (m mapNodes) Delete(k []byte) error        { delete(m, string(k)); return nil }

// changes turns a map of key to value (empty: remove) into rising changes.
func changes(m map[string]string) []Change {
	var out []Change
	for k, v := range m {
		c := Change{Path: Path([]byte(k))}
		if v != "" {
			c.Value = ValueHash([]byte(v))
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Change) int { return bytes.Compare(a.Path[:], b.Path[:]) })
	return out
}

// checkState holds the tree against a naive map: every key present with its
// value, others absent, and nodes and root those of a tree built in one go.
func checkState(t interface {
	Fatalf(string, ...any)
	Helper()
}, s *State, want map[string]string, some []string,
) {
	t.Helper()
	fresh := State{Nodes: mapNodes{}}
	if err := fresh.Update(changes(want)); err != nil {
		t.Fatalf("%v", err)
	}
	if fresh.Root != s.Root || fresh.Count != s.Count || s.Count != uint64(len(want)) {
		t.Fatalf("root %x of %d keys, built at once %x of %d", s.Root, s.Count, fresh.Root, fresh.Count)
	}
	if !maps.EqualFunc(fresh.Nodes.(mapNodes), s.Nodes.(mapNodes), bytes.Equal) {
		t.Fatalf("%d nodes, built at once %d", len(s.Nodes.(mapNodes)), len(fresh.Nodes.(mapNodes)))
	}
	for _, k := range some {
		p, err := s.Prove([]byte(k))
		if err != nil {
			t.Fatalf("%v", err)
		}
		v, there := want[k]
		member, absent := p.VerifyMember(s.Root, []byte(k), []byte(v)), p.VerifyAbsent(s.Root, []byte(k))
		if there && (member != nil || !errors.Is(absent, ErrAbsent)) || !there && (absent != nil || !errors.Is(member, ErrAbsent)) {
			t.Fatalf("key %q present %v: member %v, absent %v", k, there, member, absent)
		}
		if err := p.VerifyMember(s.Root, []byte(k), []byte(v+"x")); !errors.Is(err, ErrAbsent) {
			t.Fatalf("other value of %q: %v", k, err)
		}
		if err := p.VerifyMember(Hash{1}, []byte(k), []byte(v)); !errors.Is(err, ErrProof) {
			t.Fatalf("other root: %v", err)
		}
	}
}

func TestStateAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := State{Nodes: mapNodes{}}
		want := map[string]string{}
		key := rapid.Custom(func(t *rapid.T) string { return fmt.Sprint(rapid.IntRange(0, 400).Draw(t, "key")) })
		for range rapid.IntRange(1, 6).Draw(t, "blocks") {
			block := rapid.MapOfN(key, rapid.SampledFrom([]string{"", "", "a", "b"}), 0, 150).Draw(t, "block")
			if err := s.Update(changes(block)); err != nil {
				t.Fatal(err)
			}
			for k, v := range block {
				if v == "" {
					delete(want, k)
				} else {
					want[k] = v
				}
			}
			checkState(t, &s, want, rapid.SliceOfN(key, 1, 10).Draw(t, "asked"))
		}
	})
}

func TestStateGrowsAndShrinks(t *testing.T) {
	s := State{Nodes: mapNodes{}}
	all := map[string]string{}
	for i := range 5000 {
		all[fmt.Sprint(i)] = "v"
	}
	if err := s.Update(changes(all)); err != nil {
		t.Fatal(err)
	}
	checkState(t, &s, all, []string{"0", "4999", "5000"})
	p, err := s.Prove([]byte("17"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Siblings {
		p.Siblings[i][5] ^= 1
		if err := p.VerifyMember(s.Root, []byte("17"), []byte("v")); !errors.Is(err, ErrProof) {
			t.Errorf("bent sibling %d: %v, want %v", i, err, ErrProof)
		}
		p.Siblings[i][5] ^= 1
	}
	if err := p.VerifyAbsent(s.Root, []byte("5000")); err == nil {
		t.Error("the proof of one key shows another absent")
	}
	for k := range all {
		all[k] = ""
	}
	if err := s.Update(changes(all)); err != nil {
		t.Fatal(err)
	}
	if s.Root != (Hash{}) || s.Count != 0 || len(s.Nodes.(mapNodes)) != 0 {
		t.Errorf("emptied tree keeps %d keys, %d nodes, root %x", s.Count, len(s.Nodes.(mapNodes)), s.Root)
	}
}

func TestUpdateRefusesDisorder(t *testing.T) {
	s := State{Nodes: mapNodes{}}
	c := changes(map[string]string{"a": "1", "b": "2"})
	if err := s.Update([]Change{c[1], c[0]}); err == nil {
		t.Error("falling paths are taken")
	}
	if err := s.Update([]Change{c[0], c[0]}); err == nil {
		t.Error("one path twice is taken")
	}
}

func BenchmarkStateUpdate(b *testing.B) {
	s := State{Nodes: mapNodes{}}
	i := 0
	for b.Loop() {
		block := map[string]string{}
		for range 256 {
			block[fmt.Sprint(i)] = "v"
			i++
		}
		if err := s.Update(changes(block)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(i), "µs/key")
}
