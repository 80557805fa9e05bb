package ledgertest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/lightclient"
	"theriac/merkle"
)

// A View is a State after one block, with proofs: what package supply assembles
// evidence from.
type View struct {
	state  *State
	root   chain.Root
	tree   merkle.State
	stored []merkle.Hash // of the log, for proofs
}

// View returns the state as it is now. Blocks that come later do not change it.
func (s *State) View(t TB) *View {
	t.Helper()
	v := &View{state: s.Clone()}
	v.tree = s.tree(t)
	log := merkle.Builder{Stored: func(h merkle.Hash) { v.stored = append(v.stored, h) }}
	for i := range s.Leaves {
		log.Append(s.Leaves[i].Hash())
	}
	v.root = chain.Root{LogRoot: log.Root(), LogSize: log.Size(), StateRoot: v.tree.Root, Version: chain.Version}
	return v
}

// tree builds the state tree over all records.
func (s *State) tree(t TB) merkle.State {
	t.Helper()
	tree := merkle.State{Nodes: nodes{}}
	var changes []merkle.Change
	for k, v := range s.Records {
		changes = append(changes, merkle.Change{Path: merkle.Path([]byte(k)), Value: merkle.ValueHash(v)})
	}
	slices.SortFunc(changes, func(a, b merkle.Change) int { return bytes.Compare(a.Path[:], b.Path[:]) })
	if err := tree.Update(changes); err != nil {
		t.Fatal(err)
	}
	return tree
}

// Root returns what the app hash commits to.
func (v *View) Root() chain.Root { return v.root }

// Record returns a record of the state, nil if there is none, with its proof.
func (v *View) Record(key []byte) ([]byte, merkle.StateProof, error) {
	p, err := v.tree.Prove(key)
	return v.state.Records[string(key)], p, err
}

// Leaf returns a leaf of the log with its transaction.
func (v *View) Leaf(index uint64) (chain.Leaf, []byte, error) {
	if index >= uint64(len(v.state.Leaves)) {
		return chain.Leaf{}, nil, fmt.Errorf("ledgertest: leaf %d of %d", index, len(v.state.Leaves))
	}
	return v.state.Leaves[index], v.state.Txs[index], nil
}

// ProveLeaves returns the multiproof of leaves, by rising index.
func (v *View) ProveLeaves(indexes []uint64) ([]merkle.Hash, error) {
	return merkle.ProveMulti(v.root.LogSize, indexes, v.read)
}

// Consistency returns the proof that the log starts with its first older leaves.
func (v *View) Consistency(older uint64) ([]merkle.Hash, error) {
	return merkle.ProveConsistency(older, v.root.LogSize, v.read)
}

func (v *View) read(indexes []int64) ([]merkle.Hash, error) {
	out := make([]merkle.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = v.stored[x]
	}
	return out, nil
}

// Tagged returns up to limit indexes of leaves with a tag, from one on.
func (v *View) Tagged(tag string, from uint64, limit int) ([]uint64, error) {
	all := v.state.Tags[tag]
	at, _ := slices.BinarySearch(all, from)
	return slices.Clone(all[at:min(len(all), at+limit)]), nil
}

// TaggedBefore returns up to limit indexes of leaves with a tag, falling, from
// below one on.
func (v *View) TaggedBefore(tag string, before uint64, limit int) ([]uint64, error) {
	return v.state.TaggedBefore(tag, before, limit), nil
}

// Validators are the keys of validators, each of power 10, in the order in which
// CometBFT holds a set of one power: by address.
type Validators []ed25519.PrivateKey

// NewValidators returns n validators, the same ones each time.
func NewValidators(n int) Validators {
	v := make(Validators, n)
	for i := range v {
		seed := sha256.Sum256(fmt.Appendf(nil, "theriac test validator %d", i))
		v[i] = ed25519.NewKeyFromSeed(seed[:])
	}
	slices.SortFunc(v, func(a, b ed25519.PrivateKey) int { return bytes.Compare(address(a), address(b)) })
	return v
}

func public(k ed25519.PrivateKey) []byte { return k.Public().(ed25519.PublicKey) }

// address is the first 20 bytes of SHA-256 over the key.
func address(k ed25519.PrivateKey) []byte {
	sum := sha256.Sum256(public(k))
	return sum[:20]
}

const power = 10

// Set returns the validators as headers bring them.
func (v Validators) Set() []lightclient.Validator {
	out := make([]lightclient.Validator, len(v))
	for i, k := range v {
		out[i] = lightclient.Validator{Key: public(k), Power: power}
	}
	return out
}

// hash is the set's hash, as headers name it: the RFC 9162 root over the
// tendermint.types.SimpleValidator of each.
func (v Validators) hash() canon.Digest {
	var b merkle.Builder
	for _, k := range v {
		// pub_key (1) is a PublicKey whose ed25519 (1) are 32 bytes; voting_power (2).
		leaf := append([]byte{0x0a, 34, 0x0a, 32}, public(k)...)
		b.Append(merkle.LeafHash(binary.AppendUvarint(append(leaf, 0x10), power)))
	}
	return b.Root()
}

// Header returns a header of the test chain over an app hash, before it is signed.
func (v Validators) Header(height int64, at time.Time, app canon.Digest) lightclient.Header {
	of := func(what string) canon.Digest { return canon.Sum(fmt.Appendf(nil, "%s of height %d", what, height)) }
	return lightclient.Header{
		AppHash: app, ChainID: ChainID, ConsensusHash: canon.Sum([]byte("consensus")), DataHash: of("data"),
		EvidenceHash: canon.Sum(nil), Height: lightclient.Int(height),
		LastBlockID:    lightclient.BlockID{Hash: of("last block"), PartsHash: of("last parts"), PartsTotal: 1},
		LastCommitHash: of("last commit"), LastResultsHash: of("results"), NextValidatorsHash: v.hash(),
		ProposerAddress: address(v[0]), Time: lightclient.Time(at.UTC()), ValidatorsHash: v.hash(),
		Version: lightclient.Version{App: 1, Block: 11},
	}
}

// Sign returns the header with the votes of all validators but the absent ones.
func (v Validators) Sign(h lightclient.Header, absent ...int) lightclient.LightBlock {
	c := lightclient.Commit{
		BlockID: lightclient.BlockID{Hash: h.Hash(), PartsHash: canon.Sum([]byte("parts")), PartsTotal: 1}, Height: h.Height,
	}
	for i, k := range v {
		vote := lightclient.Vote{Address: lightclient.Bytes{}, Flag: lightclient.FlagAbsent, Signature: lightclient.Bytes{}}
		if !slices.Contains(absent, i) {
			vote = lightclient.Vote{
				Address: address(k), Flag: lightclient.FlagCommit,
				Timestamp: lightclient.Time(time.Time(h.Time).Add(time.Duration(i+1) * time.Millisecond)),
			}
		}
		c.Signatures = append(c.Signatures, vote)
	}
	for i, k := range v {
		if c.Signatures[i].Flag == lightclient.FlagCommit {
			c.Signatures[i].Signature = ed25519.Sign(k, c.SignBytes(h.ChainID, i))
		}
	}
	return lightclient.LightBlock{Commit: c, Header: h, Validators: v.Set()}
}

// Path returns the header that covers the chain as it is now, signed: the app
// hash of a block stands in the next one's header.
func (c *Chain) Path(v Validators, root chain.Root) []lightclient.LightBlock {
	return []lightclient.LightBlock{v.Sign(v.Header(c.Height+1, c.Now.Add(time.Second), root.AppHash()))}
}

// index notes under each tag of a leaf its place in the log.
func (s *State) index(at uint64, tags []string) {
	for _, tag := range tags {
		// A transaction may say a tag twice.
		if all := s.Tags[tag]; len(all) == 0 || all[len(all)-1] < at {
			s.Tags[tag] = append(all, at)
		}
	}
}

// TaggedBefore is the View's, of the state as it is now.
func (s *State) TaggedBefore(tag string, before uint64, limit int) []uint64 {
	all := s.Tags[tag]
	at, _ := slices.BinarySearch(all, before)
	out := slices.Clone(all[max(0, at-limit):at])
	slices.Reverse(out)
	return out
}
