package envelope

import "theriac/refusal"

// The reasons for which an envelope is refused, in the order of the checks.
var (
	ErrOversized    = refusal.New("oversized", "the message is larger than its kind may be")
	ErrNonCanonical = refusal.New("non_canonical", "the message is not in its one canonical form")
	ErrType         = refusal.New("wrong_type", "nobody expects a message of this type here")
	ErrAudience     = refusal.New("wrong_audience", "the message is addressed to somebody else")
	ErrUnknownKey   = refusal.New("unknown_key", "no member has the key that signed the message")
	ErrKeyID        = refusal.New("key_mismatch", "the key is not that of the member who claims to have signed")
	ErrKeyInvalid   = refusal.New("key_invalid", "the key was not valid at the time")
	ErrSignature    = refusal.New("bad_signature", "the signature does not verify")
	ErrHighS        = refusal.New("high_s", "the signature is the mirrored twin of another (s above half the order)")
	ErrStale        = refusal.New("stale", "the message is older than the time window allows")
	ErrFuture       = refusal.New("ts_future", "the message is dated further ahead than the time window allows")
	ErrExpired      = refusal.New("expired_message", "the message has expired")
	ErrReplayed     = refusal.New("replayed", "another message with this identifier was received before")
	ErrPrev         = refusal.New("unknown_prev", "the message answers one that is not anchored, or not of the right kind")
	ErrBody         = refusal.New("body_mismatch", "the body is not the one that was signed")
	ErrField        = refusal.New("bad_field", "a field of the body is missing or malformed")
)
