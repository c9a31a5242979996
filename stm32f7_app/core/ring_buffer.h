// Queues between one interrupt handler and the main loop. Lock-free: one producer, one consumer.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kws {

// Bytes. `kCapacity` must be a power of two; all of it can be used.
template <uint32_t kCapacity>
class ByteRing {
  static_assert(kCapacity != 0 && (kCapacity & (kCapacity - 1)) == 0, "power of two");

 public:
  // Producer: room left, in bytes. It can only grow until the producer's next Push.
  uint32_t Free() const {
    return kCapacity -
           (head_.load(std::memory_order_relaxed) - tail_.load(std::memory_order_acquire));
  }

  // Producer: appends all `count` bytes or, if they do not fit, none.
  bool Push(const char* data, uint32_t count) {
    if (count > Free()) return false;
    const uint32_t head = head_.load(std::memory_order_relaxed);
    for (uint32_t i = 0; i < count; ++i) data_[(head + i) % kCapacity] = data[i];
    head_.store(head + count, std::memory_order_release);
    return true;
  }

  // Consumer: takes the oldest byte; false when empty.
  bool Pop(char* c) {
    const uint32_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return false;
    *c = data_[tail % kCapacity];
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  // Either side.
  bool Empty() const {
    return tail_.load(std::memory_order_acquire) == head_.load(std::memory_order_acquire);
  }

 private:
  // Counted without wrapping at the capacity, so that full and empty differ.
  std::atomic<uint32_t> head_{0};
  std::atomic<uint32_t> tail_{0};
  char data_[kCapacity];
};

// Hops of int16 samples from the audio interrupt. Each carries its number since the start, so that
// the consumer sees how many were lost before it.
template <uint32_t kHopLength, uint32_t kDepth>
class HopQueue {
 public:
  struct Hop {
    uint32_t sequence;
    int16_t samples[kHopLength];
  };

  // Producer: where the next hop goes, or nullptr when the queue is full; then the hop is lost and
  // counted. Follow a non-null result with Commit.
  int16_t* Begin() {
    const uint32_t head = head_.load(std::memory_order_relaxed);
    const uint32_t sequence = sequence_++;
    if (head - tail_.load(std::memory_order_acquire) == kDepth) {
      overruns_.store(overruns_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return nullptr;
    }
    Hop& hop = hops_[head % kDepth];
    hop.sequence = sequence;
    return hop.samples;
  }
  void Commit() {
    head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  // Consumer: the oldest hop, or nullptr when empty. It stays valid until Pop.
  const Hop* Front() const {
    const uint32_t tail = tail_.load(std::memory_order_relaxed);
    return tail == head_.load(std::memory_order_acquire) ? nullptr : &hops_[tail % kDepth];
  }
  void Pop() { tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

  // Hops lost since the start.
  uint32_t overruns() const { return overruns_.load(std::memory_order_relaxed); }

 private:
  static_assert((kDepth & (kDepth - 1)) == 0, "power of two: the counters wrap at 2^32");

  std::atomic<uint32_t> head_{0};
  std::atomic<uint32_t> tail_{0};
  std::atomic<uint32_t> overruns_{0};
  uint32_t sequence_ = 0;  // producer only
  Hop hops_[kDepth];
};

}  // namespace kws
