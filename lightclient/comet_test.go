package lightclient

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	"github.com/cometbft/cometbft/types"

	"pgregory.net/rapid"

	"theriac/canon"
)

// This file makes blocks with CometBFT's own types, signs them with its keys,
// and turns them into ours.

const (
	absent = types.BlockIDFlagAbsent
	commit = types.BlockIDFlagCommit
	none   = types.BlockIDFlagNil
)

const chainID = "theriac-test"

var genesisTime = time.Date(2026, 3, 1, 8, 30, 0, 120_000_000, time.UTC)

// secret returns the key of validator i, the same in every run.
func secret(i int) ed25519.PrivKey {
	return ed25519.GenPrivKeyFromSecret(fmt.Appendf(nil, "theriac validator %d", i))
}

// A keyring finds the secret of a validator by its address.
type keyring map[string]ed25519.PrivKey

// newSet returns the validators first … first+len(powers)-1 with these powers.
func (k keyring) newSet(first int, powers ...int64) *types.ValidatorSet {
	var vals []*types.Validator
	for i, power := range powers {
		key := secret(first + i)
		k[string(key.PubKey().Address())] = key
		vals = append(vals, types.NewValidator(key.PubKey(), power))
	}
	return types.NewValidatorSet(vals)
}

// newHeader returns a header of the set as a chain would make it.
func newHeader(height int64, set, next *types.ValidatorSet) *types.Header {
	of := func(what string) []byte { return hashOf(fmt.Sprintf("%s of height %d", what, height)) }
	return &types.Header{
		Version:            cmtversion.Consensus{Block: blockProtocol, App: 1},
		ChainID:            chainID,
		Height:             height,
		Time:               genesisTime.Add(time.Duration(height) * time.Second),
		LastBlockID:        types.BlockID{Hash: of("last block"), PartSetHeader: types.PartSetHeader{Total: 1, Hash: of("last parts")}},
		LastCommitHash:     of("last commit"),
		DataHash:           of("data"),
		ValidatorsHash:     set.Hash(),
		NextValidatorsHash: next.Hash(),
		ConsensusHash:      hashOf("consensus"),
		AppHash:            of("app"),
		LastResultsHash:    of("results"),
		EvidenceHash:       hashOf(""),
		ProposerAddress:    set.Validators[0].Address,
	}
}

func hashOf(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

// sign returns the header with the votes that flags ask for, one for each
// validator of the set in its order; a validator without a flag votes for the block.
func (k keyring) sign(t rapid.TB, h *types.Header, set *types.ValidatorSet, flags ...types.BlockIDFlag) *types.LightBlock {
	t.Helper()
	id := types.BlockID{Hash: h.Hash(), PartSetHeader: types.PartSetHeader{Total: 1, Hash: hashOf("parts")}}
	c := &types.Commit{Height: h.Height, BlockID: id}
	for i, v := range set.Validators {
		flag := commit
		if i < len(flags) {
			flag = flags[i]
		}
		if flag == absent {
			c.Signatures = append(c.Signatures, types.NewCommitSigAbsent())
			continue
		}
		c.Signatures = append(c.Signatures, types.CommitSig{
			BlockIDFlag: flag, ValidatorAddress: v.Address, Timestamp: h.Time.Add(time.Duration(i+1) * time.Millisecond),
		})
	}
	b := &types.LightBlock{SignedHeader: &types.SignedHeader{Header: h, Commit: c}, ValidatorSet: set}
	for i := range c.Signatures {
		k.resign(t, b, i)
	}
	return b
}

// resign makes the signature of vote i fit what the commit says now.
func (k keyring) resign(t rapid.TB, b *types.LightBlock, i int) {
	t.Helper()
	s := &b.Commit.Signatures[i]
	if s.BlockIDFlag == absent {
		return
	}
	key, ok := k[string(b.ValidatorSet.Validators[i].Address)]
	if !ok {
		t.Fatalf("no secret for validator %d", i)
	}
	raw, err := key.Sign(b.Commit.VoteSignBytes(b.ChainID, int32(i)))
	if err != nil {
		t.Fatal(err)
	}
	s.Signature = raw
}

// newBlock returns a block of n validators of power 10 that all signed, and the
// trust root of their set.
func newBlock(t rapid.TB, n int) (Trust, LightBlock) {
	t.Helper()
	k := keyring{}
	powers := make([]int64, n)
	for i := range powers {
		powers[i] = 10
	}
	set := k.newSet(0, powers...)
	b := fromComet(k.sign(t, newHeader(7, set, set), set))
	return Trust{ChainID: chainID, Validators: b.Validators}, b
}

func digestOf(b []byte) (d canon.Digest) {
	copy(d[:], b)
	return d
}

func idFromComet(id types.BlockID) BlockID {
	return BlockID{Hash: digestOf(id.Hash), PartsHash: digestOf(id.PartSetHeader.Hash), PartsTotal: id.PartSetHeader.Total}
}

func setFromComet(set *types.ValidatorSet) (out []Validator) {
	for _, v := range set.Validators {
		out = append(out, Validator{Key: v.PubKey.Bytes(), Power: Int(v.VotingPower)})
	}
	return out
}

func headerFromComet(h *types.Header) Header {
	return Header{
		AppHash:            digestOf(h.AppHash),
		ChainID:            h.ChainID,
		ConsensusHash:      digestOf(h.ConsensusHash),
		DataHash:           digestOf(h.DataHash),
		EvidenceHash:       digestOf(h.EvidenceHash),
		Height:             Int(h.Height),
		LastBlockID:        idFromComet(h.LastBlockID),
		LastCommitHash:     digestOf(h.LastCommitHash),
		LastResultsHash:    digestOf(h.LastResultsHash),
		NextValidatorsHash: digestOf(h.NextValidatorsHash),
		ProposerAddress:    Bytes(h.ProposerAddress),
		Time:               Time(h.Time),
		ValidatorsHash:     digestOf(h.ValidatorsHash),
		Version:            Version{App: Int(h.Version.App), Block: Int(h.Version.Block)},
	}
}

func commitFromComet(c *types.Commit) Commit {
	out := Commit{BlockID: idFromComet(c.BlockID), Height: Int(c.Height), Round: c.Round}
	for _, s := range c.Signatures {
		out.Signatures = append(out.Signatures, Vote{
			Address: Bytes(s.ValidatorAddress), Flag: Flag(s.BlockIDFlag), Signature: s.Signature, Timestamp: Time(s.Timestamp),
		})
	}
	return out
}

func fromComet(b *types.LightBlock) LightBlock {
	return LightBlock{Commit: commitFromComet(b.Commit), Header: headerFromComet(b.Header), Validators: setFromComet(b.ValidatorSet)}
}
