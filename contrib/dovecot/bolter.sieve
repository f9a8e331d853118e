# bolter.sieve - put what bolter marked as spam into the folder Junk, with Dovecot's Sieve.
#
# For one user: the beginning of ~/.dovecot.sieve. For all: compile with sievec and name it in Dovecot's
# configuration, in front of the users' own scripts:
#
#     plugin {
#         sieve_before = /etc/dovecot/bolter.sieve
#     }
#
# The mail server must let every message pass through bolter, which removes the marks that senders
# forge: a message that came by another way can say of itself what it likes.
#
# Scripts with the spamtest extension get a number from the stars:
#
#     plugin {
#         sieve_extensions = +spamtest
#         sieve_spamtest_status_type = strlen
#         sieve_spamtest_status_header = X-Spam-Level
#         sieve_spamtest_max_value = 10
#     }
require ["fileinto", "mailbox"];

if header :is "X-Spam-Flag" "YES" {
    fileinto :create "Junk";
    stop;
}

# Mail that the model is not sure of. Without this rule it stays with the rest.
# if header :contains "X-Spam-Status" "tests=BOLTER_UNSURE" {
#     fileinto :create "Unsure";
#     stop;
# }
