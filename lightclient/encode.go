package lightclient

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"theriac/canon"
	"theriac/merkle"
)

// The appenders below write the few protobuf forms that CometBFT hashes and
// signs. Fields come in rising order and proto3 leaves out zero values, so each
// value has one encoding. All field numbers are below 16: a tag is one byte,
// field<<3 | wire type.

func appendInt(b []byte, field byte, v int64) []byte {
	if v == 0 {
		return b
	}
	return binary.AppendUvarint(append(b, field<<3), uint64(v))
}

func appendFixed64(b []byte, field byte, v int64) []byte {
	if v == 0 {
		return b
	}
	return binary.LittleEndian.AppendUint64(append(b, field<<3|1), uint64(v))
}

func appendBytes[T ~[]byte | ~string](b []byte, field byte, v T) []byte {
	if len(v) == 0 {
		return b
	}
	return appendMessage(b, field, []byte(v))
}

// appendMessage writes an embedded message, which stays even when it is empty.
func appendMessage(b []byte, field byte, msg []byte) []byte {
	b = binary.AppendUvarint(append(b, field<<3|2), uint64(len(msg)))
	return append(b, msg...)
}

func appendDigest(b []byte, field byte, d canon.Digest) []byte {
	if d.IsZero() {
		return b
	}
	return appendMessage(b, field, d[:])
}

// encode returns google.protobuf.Timestamp.
func (t Time) encode() []byte {
	u := time.Time(t)
	return appendInt(appendInt(nil, 1, u.Unix()), 2, int64(u.Nanosecond()))
}

// encode returns tendermint.types.BlockID, and CanonicalBlockID alike.
func (id BlockID) encode() []byte {
	parts := appendDigest(appendInt(nil, 1, int64(id.PartsTotal)), 2, id.PartsHash)
	return appendMessage(appendDigest(nil, 1, id.Hash), 2, parts)
}

// encode returns tendermint.version.Consensus.
func (v Version) encode() []byte {
	return appendInt(appendInt(nil, 1, int64(v.Block)), 2, int64(v.App))
}

// encode returns tendermint.types.SimpleValidator.
func (v Validator) encode() []byte {
	key := appendBytes(nil, 1, v.Key)
	return appendInt(appendMessage(nil, 1, key), 2, int64(v.Power))
}

// address returns the first 20 bytes of SHA-256 over the key.
func (v Validator) address() []byte {
	sum := sha256.Sum256(v.Key)
	return sum[:20]
}

// Hash returns the block hash: the Merkle root over the fields.
func (h Header) Hash() canon.Digest {
	var b merkle.Builder
	for _, f := range h.fields() {
		b.Append(merkle.LeafHash(f))
	}
	return b.Root()
}

// fields returns the 14 leaves in the order of CometBFT's struct; scalars are
// wrapped as the google.protobuf values, so that a field 1 holds each.
func (h Header) fields() [14][]byte {
	return [14][]byte{
		h.Version.encode(),
		appendBytes(nil, 1, h.ChainID),
		appendInt(nil, 1, int64(h.Height)),
		h.Time.encode(),
		h.LastBlockID.encode(),
		appendDigest(nil, 1, h.LastCommitHash),
		appendDigest(nil, 1, h.DataHash),
		appendDigest(nil, 1, h.ValidatorsHash),
		appendDigest(nil, 1, h.NextValidatorsHash),
		appendDigest(nil, 1, h.ConsensusHash),
		appendDigest(nil, 1, h.AppHash),
		appendDigest(nil, 1, h.LastResultsHash),
		appendDigest(nil, 1, h.EvidenceHash),
		appendBytes(nil, 1, h.ProposerAddress),
	}
}

// setHash returns the hash of a validator set, as headers name it.
func setHash(set []Validator) canon.Digest {
	var b merkle.Builder
	for _, v := range set {
		b.Append(merkle.LeafHash(v.encode()))
	}
	return b.Root()
}

// precommit is tendermint.types.SignedMsgType's number for a precommit.
const precommit = 2

// SignBytes returns the bytes that the validator at place i signed: its
// CanonicalVote, preceded by its length. A nil vote names no block.
func (c Commit) SignBytes(chainID string, i int) []byte {
	vote := c.Signatures[i]
	msg := appendInt(nil, 1, precommit)
	msg = appendFixed64(msg, 2, int64(c.Height))
	msg = appendFixed64(msg, 3, int64(c.Round))
	if vote.Flag == FlagCommit {
		msg = appendMessage(msg, 4, c.BlockID.encode())
	}
	msg = appendMessage(msg, 5, vote.Timestamp.encode())
	msg = appendBytes(msg, 6, chainID)
	return append(binary.AppendUvarint(nil, uint64(len(msg))), msg...)
}
