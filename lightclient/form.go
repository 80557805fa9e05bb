package lightclient

import (
	"fmt"
	"strconv"
	"time"

	"theriac/canon"
)

// maxInt is the largest integer that every JSON reader holds exactly, 2^53 - 1
// (RFC 8785 section 3.2.2.3, RFC 7493 section 2.2).
const maxInt = 1<<53 - 1

// An Int is an integer from 0 to 2^53 - 1.
type Int int64

// UnmarshalJSON reads a JSON number. It refuses what RFC 8785 could not print
// back, which the fields of an int64 alone would let pass.
func (n *Int) UnmarshalJSON(raw []byte) error {
	v, err := strconv.ParseUint(string(raw), 10, 53)
	if err != nil {
		return fmt.Errorf("integer %.24q: %w", raw, ErrMalformed)
	}
	*n = Int(v)
	return nil
}

func (n Int) inRange() bool { return n >= 0 && n <= maxInt }

// Bytes are a key, an address or a signature. Their text form is unpadded
// base64url; no bytes are the empty text.
type Bytes = canon.Bytes

// timeLayout always prints nine digits of a second: trimmed zeros would be a
// second spelling.
const timeLayout = "2006-01-02T15:04:05.000000000Z"

// A Time is an instant of the years 1 to 9999, to the nanosecond. Its text form
// is RFC 3339 in UTC with nine digits of a second; the zero Time, which only an
// absent vote has, is the empty text.
type Time time.Time

// MarshalText returns the text form.
func (t Time) MarshalText() ([]byte, error) {
	switch {
	case time.Time(t).IsZero():
		return nil, nil
	case !t.inRange():
		return nil, fmt.Errorf("year out of range: %w", ErrMalformed)
	}
	return time.Time(t).UTC().AppendFormat(nil, timeLayout), nil
}

// UnmarshalText reads the text form; it refuses every other spelling.
func (t *Time) UnmarshalText(text []byte) error {
	*t = Time{}
	if len(text) == 0 {
		return nil
	}
	v, err := time.Parse(timeLayout, string(text))
	// The parser takes a comma for the point; printing again finds it, and the
	// zero time spelled out.
	if err != nil || v.IsZero() || v.Format(timeLayout) != string(text) {
		return fmt.Errorf("time %.40q: %w", text, ErrMalformed)
	}
	*t = Time(v)
	return nil
}

// inRange reports whether t is a time that protobuf can carry and is set.
func (t Time) inRange() bool {
	u := time.Time(t).UTC()
	return !u.IsZero() && u.Year() >= 1 && u.Year() <= 9999
}

// A Version names the rules of the block format and of the application.
type Version struct {
	App   Int `json:"app"`
	Block Int `json:"block"`
}

// A BlockID names a block by the hash of its header and by the root over the
// parts in which it was gossiped. The zero Digest stands for an empty hash:
// the block before the first has neither.
type BlockID struct {
	Hash       canon.Digest `json:"hash"`
	PartsHash  canon.Digest `json:"parts_hash"`
	PartsTotal uint32       `json:"parts_total"`
}

// A Header is a CometBFT block header. The zero Digest stands for an empty
// hash (the application hash before the first block). CometBFT itself sets no
// length for the application hash; here it has 32 bytes.
type Header struct {
	AppHash            canon.Digest `json:"app_hash"`
	ChainID            string       `json:"chain_id"`
	ConsensusHash      canon.Digest `json:"consensus_hash"`
	DataHash           canon.Digest `json:"data_hash"`
	EvidenceHash       canon.Digest `json:"evidence_hash"`
	Height             Int          `json:"height"`
	LastBlockID        BlockID      `json:"last_block_id"`
	LastCommitHash     canon.Digest `json:"last_commit_hash"`
	LastResultsHash    canon.Digest `json:"last_results_hash"`
	NextValidatorsHash canon.Digest `json:"next_validators_hash"`
	ProposerAddress    Bytes        `json:"proposer_address"`
	Time               Time         `json:"time"`
	ValidatorsHash     canon.Digest `json:"validators_hash"`
	Version            Version      `json:"version"`
}

// A Flag says what a vote in a commit is for, in CometBFT's numbers.
type Flag uint8

// The flags of a vote.
const (
	FlagAbsent Flag = 1 // no vote arrived in time
	FlagCommit Flag = 2 // a precommit for the block
	FlagNil    Flag = 3 // a precommit for no block
)

// A Vote is one validator's precommit in a commit, at the place that the
// validator has in its set. An absent one has no address, signature or time.
type Vote struct {
	Address   Bytes `json:"address"`
	Flag      Flag  `json:"flag"`
	Signature Bytes `json:"signature"`
	Timestamp Time  `json:"timestamp"`
}

// A Commit holds the precommits that decided a block.
type Commit struct {
	BlockID    BlockID `json:"block_id"`
	Height     Int     `json:"height"`
	Round      int32   `json:"round"`
	Signatures []Vote  `json:"signatures"`
}

// A Validator is an Ed25519 public key and its weight in votes.
type Validator struct {
	Key   Bytes `json:"key"`
	Power Int   `json:"power"`
}

// A LightBlock is a header with the votes for it and the set that cast them.
type LightBlock struct {
	Commit     Commit      `json:"commit"`
	Header     Header      `json:"header"`
	Validators []Validator `json:"validators"`
}

// A Trust is a pinned trust root: the validator set that the verifier knows to
// be the chain's at a height. Height 0 is the genesis document's set.
type Trust struct {
	ChainID    string      `json:"chain_id"`
	Height     Int         `json:"height"`
	Validators []Validator `json:"validators"`
}
