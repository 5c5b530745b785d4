"""The audit log: every act that matters for security, chained so that none can be changed or left out unseen."""
