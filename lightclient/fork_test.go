package lightclient

import (
	"errors"
	"testing"

	"github.com/cometbft/cometbft/types"
	"github.com/google/go-cmp/cmp"

	"theriac/canon"
)

// Attack: the validators show two histories to two readers (a split view).
func TestConflict(t *testing.T) {
	k := keyring{}
	set, next := k.newSet(0, 10, 10, 10, 10), k.newSet(2, 10, 10, 10, 10)
	trust := Trust{ChainID: chainID, Validators: setFromComet(set)}
	block := func(alter func(*types.Header), round int32, flags ...types.BlockIDFlag) LightBlock {
		h := newHeader(7, set, set)
		alter(h)
		b := k.sign(t, h, set, flags...)
		b.Commit.Round = round
		for i := range b.Commit.Signatures {
			k.resign(t, b, i)
		}
		return fromComet(b)
	}
	same := func(*types.Header) {}
	data := func(h *types.Header) { h.DataHash = hashOf("other transactions") }
	state := func(h *types.Header) { h.AppHash = hashOf("other state") }
	good := block(same, 0, commit, commit, commit, absent)
	keys := func(places ...int) (out []Bytes) {
		for _, i := range places {
			out = append(out, good.Validators[i].Key)
		}
		return out
	}
	broken := clone(t, block(data, 0))
	broken.Commit.Signatures[0].Signature[0] ^= 1

	for _, tt := range []struct {
		name string
		a, b []LightBlock
		fork Fork
		want error
	}{
		{"two blocks in one round", []LightBlock{good}, []LightBlock{block(data, 0, absent, commit, commit, commit)}, Fork{Height: 7, Keys: keys(1, 2), Proven: true}, nil},
		{"two blocks in two rounds", []LightBlock{good}, []LightBlock{block(data, 1, commit, none, commit, commit)}, Fork{Height: 7, Keys: keys(0, 2)}, nil},
		{"two states in two rounds", []LightBlock{good}, []LightBlock{block(state, 1)}, Fork{Height: 7, Keys: keys(0, 1, 2), Proven: true}, nil},
		{"one block", []LightBlock{good}, []LightBlock{block(same, 0, absent)}, Fork{}, ErrNoConflict},
		{"one block in two commits", []LightBlock{good}, []LightBlock{block(same, 3)}, Fork{}, ErrNoConflict},
		{"two heights", []LightBlock{good}, []LightBlock{fromComet(k.sign(t, newHeader(8, set, set), set))}, Fork{}, ErrNoConflict},
		{"first does not verify", []LightBlock{broken}, []LightBlock{good}, Fork{}, ErrSignature},
		{"second does not verify", []LightBlock{good}, []LightBlock{broken}, Fork{}, ErrSignature},
		{"second is nothing", []LightBlock{good}, nil, Fork{}, ErrMalformed},
		{"by another way and another set", []LightBlock{good}, []LightBlock{
			fromComet(k.sign(t, newHeader(6, set, next), set)), fromComet(k.sign(t, newHeader(7, next, next), next)),
		}, Fork{Height: 7, Keys: keysOf(good, next), Proven: true}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Conflict(trust, tt.a, tt.b)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Conflict = %v, want %v", err, tt.want)
			}
			if diff := cmp.Diff(tt.fork, got); diff != "" {
				t.Errorf("fork (-want +got):\n%s", diff)
			}
			if back, err := Conflict(trust, tt.b, tt.a); tt.want == nil && (err != nil || len(back.Keys) != len(got.Keys) || back.Proven != got.Proven) {
				t.Errorf("the other way round: %+v, %v", back, err)
			}
		})
	}
}

// keysOf returns the keys that voted for b and are in the set, in b's order.
func keysOf(b LightBlock, set *types.ValidatorSet) (out []Bytes) {
	for i, v := range b.Commit.Signatures {
		if v.Flag == FlagCommit && set.HasAddress(v.Address) {
			out = append(out, b.Validators[i].Key)
		}
	}
	return out
}

func TestSamePast(t *testing.T) {
	_, b := newBlock(t, 1)
	other := canon.Sum([]byte("other"))
	for name, tt := range map[string]struct {
		alter func(h *Header)
		same  bool
	}{
		"nothing":         {func(*Header) {}, true},
		"data":            {func(h *Header) { h.DataHash = other }, true},
		"evidence":        {func(h *Header) { h.EvidenceHash = other }, true},
		"last commit":     {func(h *Header) { h.LastCommitHash = other }, true},
		"proposer":        {func(h *Header) { h.ProposerAddress = other[:20] }, true},
		"time":            {func(h *Header) { h.Time = Time{} }, true},
		"version":         {func(h *Header) { h.Version.App++ }, false},
		"last block":      {func(h *Header) { h.LastBlockID.Hash = other }, false},
		"validators":      {func(h *Header) { h.ValidatorsHash = other }, false},
		"next validators": {func(h *Header) { h.NextValidatorsHash = other }, false},
		"consensus":       {func(h *Header) { h.ConsensusHash = other }, false},
		"state":           {func(h *Header) { h.AppHash = other }, false},
		"results":         {func(h *Header) { h.LastResultsHash = other }, false},
	} {
		h := b.Header
		if tt.alter(&h); samePast(b.Header, h) != tt.same {
			t.Errorf("%s differs: samePast = %t", name, !tt.same)
		}
	}
}
