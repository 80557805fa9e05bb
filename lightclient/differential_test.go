package lightclient

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/tmhash"
	"github.com/cometbft/cometbft/light"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	"github.com/cometbft/cometbft/types"
	"pgregory.net/rapid"

	"theriac/merkle"
)

// The header that CometBFT's own TestHeaderHash hashes, and its answer.
func TestPublishedHeaderHash(t *testing.T) {
	sum := func(s string) []byte { return tmhash.Sum([]byte(s)) }
	h := headerFromComet(&types.Header{
		Version: cmtversion.Consensus{Block: 1, App: 2}, ChainID: "chainId", Height: 3,
		Time:           time.Date(2019, 10, 13, 16, 14, 44, 0, time.UTC),
		LastCommitHash: sum("last_commit_hash"), DataHash: sum("data_hash"), ValidatorsHash: sum("validators_hash"),
		NextValidatorsHash: sum("next_validators_hash"), ConsensusHash: sum("consensus_hash"), AppHash: sum("app_hash"),
		LastResultsHash: sum("last_results_hash"), EvidenceHash: sum("evidence_hash"),
		ProposerAddress: tmhash.SumTruncated([]byte("proposer_address")),
	})
	// The vector's last block id holds two hashes of 32 zero bytes. Here the
	// zero Digest is the empty hash, so that leaf is written out.
	zero := make([]byte, 32)
	fields := h.fields()
	fields[4] = appendMessage(appendMessage(nil, 1, zero), 2, appendMessage(appendInt(nil, 1, 6), 2, zero))
	var b merkle.Builder
	for _, f := range fields {
		b.Append(merkle.LeafHash(f))
	}
	const want = "f740121f553b5418c3efbd343c2dbfe9e007bb67b0d020a0741374bab65242a4"
	if got := b.Root(); hex.EncodeToString(got[:]) != want {
		t.Errorf("hash = %x, want %s", got, want)
	}
}

// The canonical precommit of CometBFT's TestVoteSignBytesTestVectors: height
// and round 1, nil block, Go's zero time, no chain id.
func TestPublishedSignBytes(t *testing.T) {
	c := Commit{Height: 1, Round: 1, Signatures: []Vote{{Flag: FlagNil}}}
	const want = "21" + "0802" + "110100000000000000" + "190100000000000000" + "2a0b088092b8c398feffffff01"
	if got := hex.EncodeToString(c.SignBytes("", 0)); got != want {
		t.Errorf("SignBytes = %s, want %s", got, want)
	}
}

// drawHash draws a hash, or an empty one.
func drawHash(t *rapid.T, name string) []byte {
	n := rapid.Uint64().Draw(t, name)
	if n == 0 {
		return nil
	}
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, n))
	return sum[:]
}

func drawTime(t *rapid.T, name string) time.Time {
	const first, last = -62135596800, 253402300799 // the years 1 to 9999
	return time.Unix(rapid.Int64Range(first, last).Draw(t, name), rapid.Int64Range(0, 999_999_999).Draw(t, name+" ns")).UTC()
}

func drawID(t *rapid.T, name string) types.BlockID {
	return types.BlockID{Hash: drawHash(t, name), PartSetHeader: types.PartSetHeader{
		Total: rapid.Uint32().Draw(t, name+" total"), Hash: drawHash(t, name+" parts"),
	}}
}

func drawHeader(t *rapid.T) *types.Header {
	return &types.Header{
		Version:            cmtversion.Consensus{Block: rapid.Uint64Max(maxInt).Draw(t, "block"), App: rapid.Uint64Max(maxInt).Draw(t, "app")},
		ChainID:            rapid.StringN(0, -1, maxChainID).Draw(t, "chain"),
		Height:             rapid.Int64Range(0, maxInt).Draw(t, "height"),
		Time:               drawTime(t, "time"),
		LastBlockID:        drawID(t, "last"),
		LastCommitHash:     drawHash(t, "commit"),
		DataHash:           drawHash(t, "data"),
		ValidatorsHash:     hashOf(rapid.String().Draw(t, "validators")), // CometBFT hashes no header without it
		NextValidatorsHash: drawHash(t, "next"),
		ConsensusHash:      drawHash(t, "consensus"),
		AppHash:            drawHash(t, "state"),
		LastResultsHash:    drawHash(t, "results"),
		EvidenceHash:       drawHash(t, "evidence"),
		ProposerAddress:    rapid.SliceOfN(rapid.Byte(), addressSize, addressSize).Draw(t, "proposer"),
	}
}

func TestHeaderHashAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHeader(t)
		if got, want := headerFromComet(h).Hash(), h.Hash(); !bytes.Equal(got[:], want) {
			t.Fatalf("hash of %+v = %x, CometBFT %x", h, got, want)
		}
	})
}

func TestSignBytesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &types.Commit{
			Height:  rapid.Int64Range(0, maxInt).Draw(t, "height"),
			Round:   rapid.Int32Min(0).Draw(t, "round"),
			BlockID: drawID(t, "id"),
			Signatures: []types.CommitSig{{
				BlockIDFlag: rapid.SampledFrom([]types.BlockIDFlag{commit, none}).Draw(t, "flag"), Timestamp: drawTime(t, "time"),
			}},
		}
		if c.BlockID.IsZero() {
			c.BlockID.PartSetHeader.Total = 1 // CometBFT signs no vote for a zero id as one for a block
		}
		chain := rapid.StringN(0, -1, maxChainID).Draw(t, "chain")
		if got, want := commitFromComet(c).SignBytes(chain, 0), c.VoteSignBytes(chain, 0); !bytes.Equal(got, want) {
			t.Fatalf("SignBytes = %x, CometBFT %x", got, want)
		}
	})
}

// drawSet draws a set of validators first … first+most-1 at most; first and
// most decide how two sets overlap.
func drawSet(t *rapid.T, k keyring, first, most int) *types.ValidatorSet {
	n := rapid.IntRange(1, most).Draw(t, "validators")
	power := rapid.SampledFrom([]*rapid.Generator[int64]{
		rapid.Just[int64](10), rapid.Int64Range(1, 20), rapid.Int64Range(1, maxInt),
	}).Draw(t, "kind")
	return k.newSet(first, rapid.SliceOfN(power, n, n).Draw(t, "powers")...)
}

// drawFlags draws votes around the two thirds.
func drawFlags(t *rapid.T, n int) []types.BlockIDFlag {
	one := rapid.SampledFrom([]types.BlockIDFlag{commit, commit, commit, commit, commit, absent, none})
	return rapid.SliceOfN(one, n, n).Draw(t, "flags")
}

func TestSetHashAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := drawSet(t, keyring{}, 0, 40)
		ours := setFromComet(set)
		if got, want := setHash(ours), set.Hash(); !bytes.Equal(got[:], want) {
			t.Fatalf("set hash = %x, CometBFT %x", got, want)
		}
		if err := checkSet(ours); err != nil {
			t.Fatalf("CometBFT's order of %v: %v", set, err)
		}
	})
}

// faults are what may go wrong with a block after it was signed.
var faults = map[string]func(b *types.LightBlock, i int){
	"none":           func(*types.LightBlock, int) {},
	"signature":      func(b *types.LightBlock, i int) { flip(b.Commit.Signatures[i].Signature) },
	"time":           func(b *types.LightBlock, i int) { b.Commit.Signatures[i].Timestamp = genesisTime },
	"swapped votes":  func(b *types.LightBlock, i int) { s := b.Commit.Signatures; s[0], s[i] = s[i], s[0] },
	"other address":  func(b *types.LightBlock, i int) { b.Commit.Signatures[i].ValidatorAddress = hashOf("x")[:20] },
	"nil for commit": func(b *types.LightBlock, i int) { b.Commit.Signatures[i].BlockIDFlag = none },
	"commit for nil": func(b *types.LightBlock, i int) { b.Commit.Signatures[i].BlockIDFlag = commit },
	"withdrawn":      func(b *types.LightBlock, i int) { b.Commit.Signatures[i] = types.NewCommitSigAbsent() },
	"vote too many": func(b *types.LightBlock, i int) {
		b.Commit.Signatures = append(b.Commit.Signatures, b.Commit.Signatures[i])
	},
	"vote too few":     func(b *types.LightBlock, _ int) { b.Commit.Signatures = b.Commit.Signatures[1:] },
	"round":            func(b *types.LightBlock, _ int) { b.Commit.Round++ },
	"commit height":    func(b *types.LightBlock, _ int) { b.Commit.Height++ },
	"parts":            func(b *types.LightBlock, _ int) { b.Commit.BlockID.PartSetHeader.Total++ },
	"header":           func(b *types.LightBlock, _ int) { b.AppHash = hashOf("x") },
	"chain":            func(b *types.LightBlock, _ int) { b.ChainID = "another" },
	"other power":      func(b *types.LightBlock, i int) { b.ValidatorSet.Validators[i].VotingPower++ },
	"block protocol":   func(b *types.LightBlock, _ int) { b.Version.Block++ },
	"proposer address": func(b *types.LightBlock, _ int) { b.ProposerAddress = nil },
}

func flip(b []byte) {
	if len(b) > 0 {
		b[len(b)/2] ^= 1
	}
}

// Where a set signs for itself, the verdict is that of CometBFT's VerifyCommit,
// which like us verifies every vote; what VerifyCommitLight refuses we refuse.
func TestVerdictAgrees(t *testing.T) {
	names := rapid.SampledFrom(slices.Sorted(maps.Keys(faults)))
	var accepted, refused int
	rapid.Check(t, func(t *rapid.T) {
		k := keyring{}
		set := drawSet(t, k, 0, 40)
		trust := Trust{ChainID: chainID, Validators: setFromComet(set)}
		b := k.sign(t, newHeader(rapid.Int64Range(1, maxInt).Draw(t, "height"), set, set), set, drawFlags(t, set.Size())...)
		name := names.Draw(t, "fault")
		faults[name](b, rapid.IntRange(0, set.Size()-1).Draw(t, "at"))

		want := b.ValidateBasic(chainID)
		if want == nil {
			want = b.ValidatorSet.VerifyCommit(chainID, b.Commit.BlockID, b.Height, b.Commit)
		}
		h, got := Verify(trust, []LightBlock{fromComet(b)})
		if (got == nil) != (want == nil) {
			t.Fatalf("%s: Verify = %v, CometBFT %v", name, got, want)
		}
		if got != nil {
			refused++
			return
		}
		accepted++
		if hash := h.Hash(); !bytes.Equal(hash[:], b.Hash()) {
			t.Fatalf("%s: Verify returns header %x, not %x", name, hash, b.Hash())
		}
		if err := b.ValidatorSet.VerifyCommitLight(chainID, b.Commit.BlockID, b.Height, b.Commit); err != nil {
			t.Fatalf("%s: Verify accepts, VerifyCommitLight: %v", name, err)
		}
	})
	if accepted == 0 || refused == 0 {
		t.Errorf("%d accepted, %d refused: the draw is lopsided", accepted, refused)
	}
}

// Paths of two blocks with overlapping sets get the verdict of the light
// client's Verify at trust level 1/3, adjacent or not.
func TestPathAgrees(t *testing.T) {
	const period = 100 * 365 * 24 * time.Hour // the trusting period is not ours
	var accepted, refused int
	rapid.Check(t, func(t *rapid.T) {
		k := keyring{}
		one, two := drawSet(t, k, 0, 20), drawSet(t, k, rapid.IntRange(0, 12).Draw(t, "shift"), 20)
		next := rapid.SampledFrom([]*types.ValidatorSet{one, two, two}).Draw(t, "next")
		gap := rapid.SampledFrom([]int64{-1, 0, 1, 1, 2, 5, 5, 5}).Draw(t, "gap")
		first := k.sign(t, newHeader(7, one, next), one)
		second := k.sign(t, newHeader(7+gap, two, two), two, drawFlags(t, two.Size())...)

		want := light.Verify(first.SignedHeader, one, second.SignedHeader, two, period, genesisTime, time.Hour, light.DefaultTrustLevel)
		trust := Trust{ChainID: chainID, Height: 7, Validators: setFromComet(one)}
		_, got := Verify(trust, []LightBlock{fromComet(first), fromComet(second)})
		if (got == nil) != (want == nil) {
			t.Fatalf("gap %d: Verify = %v, CometBFT %v", gap, got, want)
		}
		// From the bare root no next set is known: every later height is a skip.
		if gap > 1 {
			if _, err := Verify(trust, []LightBlock{fromComet(second)}); (err == nil) != (want == nil) {
				t.Fatalf("gap %d: Verify from the root = %v, CometBFT %v", gap, err, want)
			}
		}
		if got == nil {
			accepted++
		} else {
			refused++
		}
	})
	if accepted == 0 || refused == 0 {
		t.Errorf("%d accepted, %d refused: the draw is lopsided", accepted, refused)
	}
}
