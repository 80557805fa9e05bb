package theriac_test

import (
	"slices"
	"testing"
	"time"

	"theriac"
	"theriac/api"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger/ledgertest"
	"theriac/internal/supply"
	"theriac/merkle"
	"theriac/pedigree"
)

// A scene is a ledger on which the paper's story was told, and its validators.
// Packs 0 and 1 are at the pharmacy, 2 and 3 at the distributor, the others at
// their maker.
type scene struct {
	*ledgertest.World
	t          testing.TB
	validators ledgertest.Validators
}

func newScene(t testing.TB) *scene {
	t.Helper()
	s := &scene{World: ledgertest.NewWorld(t), t: t, validators: ledgertest.NewValidators(4)}
	s.Story(8)
	return s
}

// fork returns a scene that goes its own way.
func (s *scene) fork(t testing.TB) *scene {
	f := *s
	f.World, f.t = s.Fork(t), t
	return &f
}

// trust is what a verifier of the scene pins.
func (s *scene) trust() theriac.Trust { return trustIn(s.validators) }

func trustIn(v ledgertest.Validators) theriac.Trust {
	return theriac.Trust{ChainID: ledgertest.ChainID, MaxAge: 600, Validators: v.Set()}
}

// now is half a minute after the header that covers the ledger.
func (s *scene) now() time.Time { return s.Now.Add(31 * time.Second) }

// opening is what the maker tells of a pack.
func (s *scene) opening(index uint64) *api.Opening {
	s.t.Helper()
	var stored []merkle.Hash
	tree := merkle.Builder{Stored: func(h merkle.Hash) { stored = append(stored, h) }}
	for _, l := range s.Leaves {
		tree.Append(l)
	}
	path, err := merkle.Prove(tree.Size(), index, func(at []int64) ([]merkle.Hash, error) {
		out := make([]merkle.Hash, len(at))
		for i, x := range at {
			out[i] = stored[x]
		}
		return out, nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return &api.Opening{
		Batch: s.Batch, Transformation: s.Transformation,
		Pack: theriac.Pack{Index: index, Pack: s.Packs[index], Path: path},
	}
}

// show assembles the evidence of a pack as the ledger is now.
func (s *scene) show(index uint64) *theriac.Bundle {
	s.t.Helper()
	return s.assemble(s.opening(index))
}

func (s *scene) assemble(o *api.Opening) *theriac.Bundle {
	s.t.Helper()
	view := s.State.View(s.t)
	b, err := supply.Assemble(view, s.Path(s.validators, view.Root()), o)
	if err != nil {
		s.t.Fatal(err)
	}
	return copyOf(s.t, b) // which shares no byte with the ledger
}

// reprove puts the log's proof of the bundle's exchanges right, as far as the
// log has them: who leaves one out can do that.
func (s *scene) reprove(b *theriac.Bundle) *theriac.Bundle {
	s.t.Helper()
	var indexes []uint64
	for i := range b.Exchanges {
		indexes = append(indexes, b.Exchanges[i].Leaf.Index)
	}
	slices.Sort(indexes)
	b.Log = chain.Hashes{}
	if len(indexes) == 0 {
		return b
	}
	proof, err := s.State.View(s.t).ProveLeaves(indexes)
	if err != nil {
		s.t.Fatal(err)
	}
	b.Log = append(b.Log, proof...)
	return b
}

// anchored returns the exchange that the log holds of a message.
func (s *scene) anchored(m *envelope.Message) theriac.Exchange {
	s.t.Helper()
	var a chain.Anchor
	s.Read(chain.ExchangeKey(m.Envelope.Digest()), &a)
	x, err := theriac.NewExchange(s.State.Txs[a.Index], a.Index, &s.State.Leaves[a.Index])
	if err != nil {
		s.t.Fatal(err)
	}
	return *x
}

// forged returns an exchange as it would be if to had anchored the message in
// the place of another.
func (s *scene) forged(to *ledgertest.Org, m *envelope.Message, instead theriac.Leaf) theriac.Exchange {
	s.t.Helper()
	tx := to.Anchor(chain.Time(instead.Time), m)
	x, err := theriac.NewExchange(tx, instead.Index, &chain.Leaf{Height: instead.Height, Time: instead.Time})
	if err != nil {
		s.t.Fatal(err)
	}
	return *x
}

// exchange returns the place of an exchange by the type of its message.
func exchange(b *theriac.Bundle, typ string) *theriac.Exchange {
	i := slices.IndexFunc(b.Exchanges, func(x theriac.Exchange) bool { return x.Type == typ })
	return &b.Exchanges[i]
}

// drop leaves exchanges out.
func drop(b *theriac.Bundle, types ...string) {
	b.Exchanges = slices.DeleteFunc(b.Exchanges, func(x theriac.Exchange) bool { return slices.Contains(types, x.Type) })
}

// claims returns what the sender of an exchange signed.
func claims(t testing.TB, x *theriac.Exchange) envelope.Claims {
	t.Helper()
	e, err := envelope.ParseJWS([]byte(x.Envelope))
	if err != nil {
		t.Fatal(err)
	}
	return e.Claims
}

// resign signs content in the place of an exchange, under its claims, with the
// key of from; to anchors it.
func (s *scene) resign(x *theriac.Exchange, from, to *ledgertest.Org, content pedigree.Content) {
	s.t.Helper()
	body, err := envelope.BodyOf(content, ledgertest.NewID)
	if err != nil {
		s.t.Fatal(err)
	}
	c := claims(s.t, x)
	m, err := envelope.Sign(from.Key, c, body)
	if err != nil {
		s.t.Fatal(err)
	}
	*x = s.forged(to, m, x.Leaf)
}

// encode returns the bundle's bytes.
func encode(t testing.TB, b *theriac.Bundle) []byte {
	t.Helper()
	raw, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// copyOf returns a bundle that shares nothing with another.
func copyOf(t testing.TB, b *theriac.Bundle) *theriac.Bundle {
	t.Helper()
	c, err := theriac.ParseBundle(encode(t, b))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// record returns the bundle's record of a key.
func record(t testing.TB, b *theriac.Bundle, key []byte) *theriac.Record {
	t.Helper()
	i := slices.IndexFunc(b.State, func(r theriac.Record) bool { return string(r.Key) == string(key) })
	if i < 0 {
		t.Fatalf("no record %q", key)
	}
	return &b.State[i]
}
